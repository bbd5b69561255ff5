import Sluice
import SluicePipelines
import Synchronization

/// Takes messages from a broker in memory.
struct MemorySource: Producer, Sendable {
    private let session: Session
    private let broker: MemoryBroker

    init(_ broker: MemoryBroker) {
        self.broker = broker
        session = Session(broker)
    }

    func handleDemand(_ demand: Int) async throws -> [Message<String>]? {
        if broker.wrong == .answersNothing { return [] }
        do {
            var numbers = try await broker.take(broker.wrong == .givesTooMany ? demand + 1 : demand)
            if broker.wrong == .reverses { numbers.reverse() }
            session.hold(numbers)
            return numbers.map { number in
                var text = broker.text(number)
                if broker.wrong == .mangles { text.removeAll { $0 == "\"" } }
                return Message(text, acknowledgement: Acknowledgement(session, receipt: .number(UInt64(number))))
            }
        } catch is CancellationError where broker.wrong == .answersWhenCancelled {
            return [Message("made up")]
        }
    }
}

/// What a source has given out; gives back what is not acknowledged when nobody has it any more.
private final class Session: Acknowledger {
    private let broker: MemoryBroker
    private let held = Mutex<Set<Int>>([])

    init(_ broker: MemoryBroker) {
        self.broker = broker
    }

    deinit {
        let left = held.withLock(\.self)
        guard !left.isEmpty else { return }
        if broker.wrong == .losesWhatIsGivenBack { broker.lose() } else { broker.giveBack(left) }
    }

    func hold(_ numbers: [Int]) {
        held.withLock { $0.formUnion(numbers) }
    }

    func acknowledge(_ outcome: AcknowledgedMessages, of group: Int) {
        func numbers(_ receipts: [Receipt]) -> [Int] {
            receipts.map { if case .number(let number) = $0 { Int(number) } else { -1 } }
        }
        let failed = numbers(outcome.failed.map(\.receipt))
        held.withLock { $0.subtract(failed) }
        if broker.wrong == .losesFailures, !failed.isEmpty { broker.lose() } else { broker.giveBack(failed) }
        if broker.wrong == .forgetsAcknowledgements { return }
        held.withLock { $0.subtract(numbers(outcome.successful)) }
    }
}
