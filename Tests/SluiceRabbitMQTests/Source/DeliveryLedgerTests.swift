import SluiceTesting
import Testing

@testable import SluiceRabbitMQ

@Suite struct DeliveryLedgerTests {
    private typealias Action = DeliveryLedger.Action

    private static func ledger(_ count: UInt64, redelivered: Set<UInt64> = []) -> DeliveryLedger {
        var ledger = DeliveryLedger()
        for tag in 1...count { _ = ledger.deliver(tag, isRedelivered: redelivered.contains(tag)) }
        return ledger
    }

    @Test func aPrefixIsAcknowledgedByOneFrame() {
        var ledger = Self.ledger(10)
        #expect(
            ledger.settle(handled: [2, 1, 3], failed: [], onFailure: .requeue) == [.acknowledge(3, multiple: true)]
        )
        #expect(ledger.count == 7)
    }

    @Test func whatIsBehindAGapIsAcknowledgedAlone() {
        var ledger = Self.ledger(6)
        // 1 stays open: nothing above it may take it along.
        #expect(
            ledger.settle(handled: [2, 3], failed: [], onFailure: .requeue)
                == [.acknowledge(2, multiple: false), .acknowledge(3, multiple: false)]
        )
        // 2 and 3 are settled, so that 1 and 4 are the prefix; 6 is behind 5.
        #expect(
            ledger.settle(handled: [4, 1, 6], failed: [], onFailure: .requeue)
                == [.acknowledge(4, multiple: true), .acknowledge(6, multiple: false)]
        )
        #expect(ledger.settle(handled: [5], failed: [], onFailure: .requeue) == [.acknowledge(5, multiple: false)])
        #expect(ledger.count == 0)
    }

    @Test func whatFailedIsRejectedBeforeItCouldBeTakenAlong() {
        var ledger = Self.ledger(3)
        #expect(
            ledger.settle(handled: [1, 3], failed: [2], onFailure: .reject)
                == [.reject(2, requeue: false), .acknowledge(3, multiple: true)]
        )
    }

    @Test(arguments: [
        (RabbitMQSource.Options.FailedMessage.acknowledge, [Action.acknowledge(2, multiple: true)]),
        (.reject, [.reject(1, requeue: false), .reject(2, requeue: false)]),
        (.requeue, [.reject(1, requeue: true), .reject(2, requeue: true)]),
        (.requeueOnce, [.reject(1, requeue: true), .reject(2, requeue: false)]),
    ])
    func whatBecomesOfAFailedMessage(
        _ onFailure: RabbitMQSource.Options.FailedMessage,
        _ actions: [DeliveryLedger.Action]
    ) {
        var ledger = Self.ledger(3, redelivered: [2])
        #expect(ledger.settle(handled: [], failed: [1, 2], onFailure: onFailure) == actions)
        #expect(ledger.count == 1)
    }

    @Test func aTagIsSettledOnce() {
        var ledger = Self.ledger(2)
        #expect(ledger.settle(handled: [1, 1], failed: [1], onFailure: .reject) == [.reject(1, requeue: false)])
        #expect(ledger.settle(handled: [1, 0, 7, .max], failed: [1], onFailure: .requeue) == [])
        #expect(ledger.count == 1)
    }

    @Test func aTagOutOfTurnIsNotTaken() {
        var ledger = Self.ledger(2)
        let taken = [2, 4, 3].map { ledger.deliver($0, isRedelivered: false) }
        #expect(taken == [false, false, true])
        #expect(ledger.count == 3)
    }

    /// Against a broker that keeps a plain set, and ends the channel at an answer about what is not open.
    @Test(arguments: 0..<200) func aBrokerUnderstandsTheSame(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var ledger = DeliveryLedger()
        var open: Set<UInt64> = []
        var broker: Set<UInt64> = []
        var next: UInt64 = 1
        for _ in 0..<200 {
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                let isTaken = ledger.deliver(next, isRedelivered: Bool.random(using: &random))
                #expect(isTaken)
                open.insert(next)
                broker.insert(next)
                next += 1
            }
            let some = open.sorted().filter { _ in Int.random(in: 0..<3, using: &random) > 0 }
            let handled = some.filter { _ in Int.random(in: 0..<4, using: &random) > 0 }.shuffled(using: &random)
            let failed = Set(some).subtracting(handled).sorted()
            let way =
                [RabbitMQSource.Options.FailedMessage.acknowledge, .reject, .requeue, .requeueOnce]
                .randomElement(using: &random) ?? .reject
            var taken: Set<UInt64> = []
            for action in ledger.settle(handled: handled, failed: failed, onFailure: way) {
                switch action {
                case .acknowledge(let tag, let multiple):
                    #expect(broker.contains(tag), "\(seed)")
                    let tags = multiple ? broker.filter { $0 <= tag } : [tag]
                    taken.formUnion(tags)
                    broker.subtract(tags)
                case .reject(let tag, _):
                    #expect(broker.remove(tag) != nil, "\(seed)")
                    #expect(failed.contains(tag) && way != .acknowledge, "\(seed)")
                }
            }
            #expect(taken == Set(way == .acknowledge ? handled + failed : handled), "\(seed)")
            open.subtract(some)
            try #require(broker == open, "\(seed)")
            #expect(ledger.count == open.count, "\(seed)")
        }
    }
}
