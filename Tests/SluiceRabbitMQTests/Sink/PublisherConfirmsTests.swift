import SluiceSinks
import SluiceTesting
import Testing

@testable import SluiceRabbitMQ

@Suite struct PublisherConfirmsTests {
    private static func confirms(_ count: Int) -> PublisherConfirms {
        var confirms = PublisherConfirms()
        for index in 0..<count { confirms.publish(.init(request: 1, index: index), messageID: "m\(index)") }
        return confirms
    }

    private static func indices(_ results: [(place: PublisherConfirms.Place, result: SendResult)]) -> [Int] {
        results.map(\.place.index)
    }

    @Test func oneByOneOrAllUpToOne() {
        var confirms = Self.confirms(6)
        let answers = [(3, false), (3, true), (5, true), (5, true), (6, false), (6, false)].map { number, multiple in
            Self.indices(confirms.confirm(UInt64(number), multiple: multiple, isTaken: true))
        }
        #expect(answers == [[2], [0, 1], [3, 4], [], [5], []])
    }

    @Test func zeroStandsForAll() {
        var confirms = Self.confirms(3)
        let answers = [false, true].map { Self.indices(confirms.confirm(0, multiple: $0, isTaken: true)) }
        #expect(answers == [[], [0, 1, 2]])
    }

    @Test(arguments: [UInt64(4), .max]) func whatWasNeverPublishedIsPassedOver(_ number: UInt64) {
        var confirms = Self.confirms(3)
        let answers = [false, true].map { Self.indices(confirms.confirm(number, multiple: $0, isTaken: true)) }
        #expect(answers == [[], []])
    }

    @Test func whatCameBackOrWasNotStoredHasFailed() {
        var confirms = Self.confirms(3)
        confirms.comeBack(messageID: "m1", reason: "NO_ROUTE")
        confirms.comeBack(messageID: "other", reason: "NO_ROUTE")
        let first = confirms.confirm(2, multiple: true, isTaken: true).map(\.result.description)
        #expect(first == ["durable", "NO_ROUTE"])
        #expect(confirms.confirm(3, multiple: false, isTaken: false).map(\.result.description) != ["durable"])
    }

    @Test func aMessageThatIsPublishedTwiceComesBackInOrder() {
        var confirms = PublisherConfirms()
        for index in 0..<2 { confirms.publish(.init(request: index, index: 0), messageID: "same") }
        confirms.comeBack(messageID: "same", reason: "first")
        confirms.comeBack(messageID: "same", reason: "second")
        let results = confirms.confirm(2, multiple: true, isTaken: true)
        #expect(results.map(\.place.request) == [0, 1])
        #expect(results.map(\.result.description) == ["first", "second"])
    }

    /// Whatever the broker confirms in which order, each publish has one result.
    @Test(arguments: 0..<100) func eachHasOneResult(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var confirms = PublisherConfirms()
        var open: [Int] = []
        var published = 0
        for _ in 0..<300 {
            if Bool.random(using: &random) {
                confirms.publish(.init(request: 0, index: published), messageID: "\(published)")
                open.append(published)
                published += 1
            } else if let index = open.randomElement(using: &random) {
                let multiple = Bool.random(using: &random)
                let expected = multiple ? open.filter { $0 <= index } : [index]
                let results = confirms.confirm(UInt64(index + 1), multiple: multiple, isTaken: true)
                #expect(Self.indices(results) == expected, "\(seed)")
                open.removeAll { expected.contains($0) }
            }
        }
    }
}

extension SendResult {
    fileprivate var description: String {
        switch self {
        case .durable: "durable"
        case .failed(let reason, _), .refused(let reason): reason
        }
    }
}
