import SluiceTesting
import Testing

@testable import SluicePipelines

@Suite struct BatchBookTests {
    private struct Left: Hashable {
        var bodies: [Int]
        var trigger: BatchTrigger
    }

    private func message(_ body: Int, key: String = "", flushing: Bool = false) -> Message<Int> {
        var message = Message(body)
        (message.batchKey, message.flushesBatch) = (key, flushing)
        return message
    }

    private func parity(_ body: Int) -> String { body.isMultiple(of: 2) ? "even" : "odd" }

    private func left(_ batches: [MessageBatch<Int>]) -> [Left] {
        batches.map { batch in
            #expect(batch.info.size == batch.messages.count)
            return Left(bodies: batch.bodies, trigger: batch.info.trigger)
        }
    }

    private func book(
        _ limit: BatchLimit<Int> = .count(2),
        timeout: Duration = .seconds(1),
        capacity: Int = 1000,
        partition: (@Sendable (Message<Int>) -> Int)? = nil
    ) -> BatchBook<Int> {
        BatchBook(batcher: "b", limit: limit, timeout: timeout, capacity: capacity, partition: partition)
    }

    @Test("23: batches of different keys never mix, and each fills up by itself") func keys() {
        var book = book()
        let batches = book.add((1...7).map { message($0, key: parity($0)) }, at: .zero)
        #expect(
            left(batches) == [
                Left(bodies: [1, 3], trigger: .size), Left(bodies: [2, 4], trigger: .size),
                Left(bodies: [5, 7], trigger: .size),
            ]
        )
        #expect(batches.map(\.info.batchKey) == ["odd", "even", "odd"])
        #expect(left(book.flush()) == [Left(bodies: [6], trigger: .flush)])
        #expect(book.count == 0 && book.deadline == nil)
    }

    @Test("22: a message that asks for it takes along what its key has, and the rest of its run") func flush() {
        var book = book(.count(10))
        #expect(left(book.add([message(1), message(2)], at: .zero)) == [])
        let run = [message(3), message(4, flushing: true), message(5), message(6, key: "other"), message(7)]
        #expect(left(book.add(run, at: .zero)) == [Left(bodies: [1, 2, 3, 4, 5], trigger: .flush)])
        #expect(Set(left(book.flush())) == [Left(bodies: [6], trigger: .flush), Left(bodies: [7], trigger: .flush)])
    }

    @Test("24: at the message that makes it full, a batch leaves because of its size, and nothing is left to flush")
    func flushAtSize() {
        var book = book()
        #expect(
            left(book.add([message(1), message(2, flushing: true)], at: .zero)) == [
                Left(bodies: [1, 2], trigger: .size)
            ]
        )
        let all = (1...5).map { message($0, flushing: true) }
        #expect(
            left(book.add(all, at: .zero)) == [
                Left(bodies: [1, 2], trigger: .size), Left(bodies: [3, 4], trigger: .size),
                Left(bodies: [5], trigger: .flush),
            ]
        )
    }

    @Test("25, 27, 28: each key has its own time, which its first message begins and no later one extends")
    func timeouts() {
        var book = book(.count(3))
        _ = book.add([message(1, key: "a")], at: .zero)
        _ = book.add([message(2, key: "b")], at: .milliseconds(400))
        _ = book.add([message(3, key: "a")], at: .milliseconds(900))
        #expect(book.deadline == .seconds(1))
        #expect(left(book.expire(at: .milliseconds(999))) == [])
        #expect(left(book.expire(at: .seconds(1))) == [Left(bodies: [1, 3], trigger: .timeout)])
        // A batch that left because of its size leaves no deadline.
        #expect(left(book.add([message(4, key: "b"), message(5, key: "b")], at: .seconds(1))).count == 1)
        #expect(book.deadline == nil)
        _ = book.add([message(6, key: "b")], at: .seconds(5))
        #expect(book.deadline == .seconds(6))
        #expect(left(book.expire(at: .seconds(9))) == [Left(bodies: [6], trigger: .timeout)])
    }

    @Test("26: a weight is never exceeded but by a single message") func weight() {
        var book = book(.weight(40) { $0.body })
        #expect(
            left(book.add([40, 1, 13, 3, 30, 100, 5].map { message($0) }, at: .zero)) == [
                Left(bodies: [40], trigger: .size), Left(bodies: [1, 13, 3], trigger: .size),
                Left(bodies: [30], trigger: .size), Left(bodies: [100], trigger: .size),
            ]
        )
        #expect(left(book.flush()) == [Left(bodies: [5], trigger: .flush)])
    }

    @Test("26: a function of one's own sees each batch anew") func custom() {
        var book = book(
            .custom(maxDemand: 10) {
                var sum = 0
                return { message in
                    sum += message.body
                    return sum > 10 ? .emitAfter : .keep
                }
            }
        )
        #expect(
            left(book.add([6, 6, 6, 1, 20].map { message($0) }, at: .zero)) == [
                Left(bodies: [6, 6], trigger: .size), Left(bodies: [6, 1, 20], trigger: .size),
            ]
        )
    }

    @Test("with more messages than it may keep, the oldest batch leaves") func pressure() {
        var book = book(.count(10), capacity: 3)
        let batches = book.add([message(1, key: "a"), message(2, key: "b"), message(3, key: "a")], at: .zero)
        #expect(left(batches) == [])
        #expect(left(book.add([message(4, key: "c")], at: .zero)) == [Left(bodies: [1, 3], trigger: .pressure)])
        #expect(book.count == 2)
    }

    @Test("30, 31: batches have messages of one partition and one key") func partitions() {
        var book = book { $0.body % 4 / 2 }
        let batches = book.add((16...23).map { message($0, key: parity($0)) }, at: .zero)
        #expect(batches.map(\.bodies) == [[16, 20], [17, 21], [18, 22], [19, 23]])
        #expect(batches.map(\.info.partition) == [0, 0, 1, 1])
    }

    @Test(
        "whatever comes: nothing is lost, doubled, late, or out of its key's order",
        arguments: 0..<300 as Range<UInt64>
    )
    func walk(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let size = Int.random(in: 1...6, using: &random)
        let capacity = Int.random(in: 1...40, using: &random)
        let weighted = BatchLimit<Int>.weight(size * 4) { message in message.body % 7 }
        let limit = seed.isMultiple(of: 2) ? .count(size) : weighted
        let thirds: @Sendable (Message<Int>) -> Int = { message in message.body % 3 }
        let partition = seed.isMultiple(of: 3) ? thirds : nil
        var book = book(limit, capacity: capacity, partition: partition)
        var (time, next) = (Duration.zero, 0)
        var keys: [Int: String] = [:]
        var seen: [MessageBatch<Int>] = []
        for _ in 0..<60 {
            time += .milliseconds(Int.random(in: 0...300, using: &random))
            // As the stage does: what is due leaves first.
            seen += book.expire(at: time)
            var messages: [Message<Int>] = []
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                next += 1
                let key = ["x", "y", "z"].randomElement(using: &random) ?? ""
                keys[next] = key
                messages.append(message(next, key: key, flushing: Int.random(in: 0..<9, using: &random) == 0))
            }
            seen += book.add(messages, at: time)
            #expect(book.count <= capacity)
            if let deadline = book.deadline { #expect(deadline > time && deadline <= time + .seconds(1)) }
        }
        seen += book.flush()
        #expect(seen.flatMap(\.bodies).sorted() == Array(1..<next + 1))
        #expect(book.count == 0 && book.deadline == nil)
        var last: [String: Int] = [:]
        for batch in seen {
            for body in batch.bodies {
                #expect(keys[body] == batch.info.batchKey)
                let lane = "\(batch.info.batchKey) \(batch.info.partition ?? -1)"
                #expect(last[lane] ?? 0 < body)
                last[lane] = body
            }
            if seed.isMultiple(of: 2) { #expect(batch.bodies.count <= size) }
            if !seed.isMultiple(of: 2), batch.bodies.count > 1 {
                #expect(batch.bodies.reduce(0) { $0 + $1 % 7 } <= size * 4)
            }
        }
    }
}
