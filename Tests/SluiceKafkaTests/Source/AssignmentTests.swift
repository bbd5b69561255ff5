import SluiceTesting
import Testing

@testable import SluiceKafka

@Suite struct AssignmentTests {
    private static let (a, b, c) = (TopicPartition("t", 0), TopicPartition("t", 1), TopicPartition("u", 0))

    private static func assignment(_ partitions: [TopicPartition], limit: Int = 100) -> Assignment {
        var assignment = Assignment(limit: limit)
        assignment.add(partitions)
        return assignment
    }

    @Test func partitionsTakeTurns() {
        var assignment = Self.assignment([Self.a, Self.b, Self.c])
        var first: [TopicPartition] = []
        for _ in 0..<6 {
            let turn = assignment.turn(wanted: 12)
            #expect(turn.count == 3 && turn.allSatisfy { $0.count == 4 })
            first.append(turn[0].partition)
        }
        #expect(Set(first[..<3]) == [Self.a, Self.b, Self.c] && first[..<3] == first[3...])
        let few = assignment.turn(wanted: 1)
        #expect(few.map(\.count) == [1, 1, 1])
        let none = assignment.turn(wanted: 0)
        #expect(none.isEmpty)
    }

    @Test func aPartitionThatHasEnoughInFlightIsNotRead() {
        var assignment = Self.assignment([Self.a, Self.b], limit: 2)
        let number = assignment.emit(5, of: Self.a)
        let some = assignment.turn(wanted: 10).first { $0.partition == Self.a }
        #expect(some?.count == 1)
        _ = assignment.emit(6, of: Self.a)
        let without = assignment.turn(wanted: 10)
        #expect(without.map(\.partition) == [Self.b])
        assignment.settle(6, number: number)
        let again = assignment.turn(wanted: 10)
        #expect(again.count == 2)
    }

    @Test func anAssignmentThatIsOverIsNotAcknowledged() {
        var assignment = Self.assignment([Self.a])
        let old = assignment.emit(0, of: Self.a)
        let givenUp = assignment.remove([Self.a])
        #expect(givenUp == 1 && !assignment.isCurrent(old))
        assignment.add([Self.a])
        let new = assignment.emit(0, of: Self.a)
        #expect(new != old)
        assignment.settle(0, number: old)
        #expect(assignment.commits().isEmpty && assignment.inFlight() == 1)
        assignment.settle(0, number: new)
        #expect(assignment.commits() == [.init(partition: Self.a, number: new, offset: 1)])
    }

    @Test func aLogThatBeginsAnewIsAnotherAssignment() {
        var assignment = Self.assignment([Self.a])
        let old = assignment.emit(10, of: Self.a)
        let new = assignment.emit(0, of: Self.a)
        assignment.settle(10, number: old)
        #expect(new != old && assignment.commits().isEmpty)
        assignment.settle(0, number: new)
        #expect(assignment.commits().map(\.offset) == [1])
    }

    @Test func whatIsCommittedIsNotCommittedAgain() {
        var assignment = Self.assignment([Self.a, Self.b])
        let (first, second) = (assignment.emit(0, of: Self.a), assignment.emit(7, of: Self.b))
        assignment.settle(0, number: first)
        assignment.settle(7, number: second)
        #expect(assignment.commits().map(\.offset) == [1, 8])
        assignment.beginLeaving([Self.b])
        #expect(assignment.commits(leavingOnly: true).map(\.partition) == [Self.b])
        for commit in assignment.commits() { assignment.committed(commit) }
        #expect(assignment.commits().isEmpty)
        _ = assignment.emit(1, of: Self.a)
        assignment.settle(1, number: first)
        #expect(assignment.commits() == [.init(partition: Self.a, number: first, offset: 2)])
    }

    @Test func whatIsToBeGivenBackOrStandsStillIsNotRead() {
        var assignment = Self.assignment([Self.a, Self.b, Self.c])
        let number = assignment.emit(0, of: Self.a)
        _ = assignment.emit(1, of: Self.a)
        let stopped = assignment.stop(at: 0, number: number)
        let again = assignment.stop(at: 1, number: number)
        #expect(stopped == Self.a && again == nil)
        assignment.beginLeaving([Self.b])
        let turn = assignment.turn(wanted: 9)
        #expect(turn.map(\.partition) == [Self.c])
        #expect(assignment.inFlight() == 0)
    }

    /// Members come and go, messages are acknowledged late and twice: no commit is ever behind a message in flight.
    @Test(arguments: 0..<60) func nothingInFlightIsCommitted(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let partitions = (0..<4).map { TopicPartition("t", Int32($0)) }
        var assignment = Assignment(limit: 5)
        var next: [TopicPartition: Int64] = [:]
        var open: [(partition: TopicPartition, number: Int, offset: Int64)] = []
        var (old, assigned): ([(number: Int, offset: Int64)], Set<TopicPartition>) = ([], [])
        for _ in 0..<500 {
            let partition = partitions.randomElement(using: &random) ?? partitions[0]
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                if assigned.insert(partition).inserted { assignment.add([partition]) }
            case 1 where assigned.remove(partition) != nil:
                let givenUp = assignment.remove([partition])
                #expect(givenUp == open.count { $0.partition == partition })
                old += open.filter { $0.partition == partition }.map { ($0.number, $0.offset) }
                open.removeAll { $0.partition == partition }
            case 2...4:
                let wanted = Int.random(in: 1...8, using: &random)
                for share in assignment.turn(wanted: wanted) {
                    #expect(assigned.contains(share.partition))
                    for _ in 0..<Int.random(in: 0...share.count, using: &random) {
                        let offset = next[share.partition, default: 0]
                        next[share.partition] = offset + Int64.random(in: 1...2, using: &random)
                        open.append((share.partition, assignment.emit(offset, of: share.partition), offset))
                    }
                }
            case 5:
                if let late = old.randomElement(using: &random) { assignment.settle(late.offset, number: late.number) }
            default:
                guard let place = open.indices.randomElement(using: &random) else { continue }
                let message = open.remove(at: place)
                assignment.settle(message.offset, number: message.number)
            }
            #expect(assignment.inFlight() == open.count)
            for commit in assignment.commits() {
                #expect(assigned.contains(commit.partition))
                #expect(!open.contains { $0.partition == commit.partition && $0.offset < commit.offset })
                if Bool.random(using: &random) { assignment.committed(commit) }
            }
            for partition in partitions { #expect(open.count { $0.partition == partition } <= 5) }
        }
    }
}
