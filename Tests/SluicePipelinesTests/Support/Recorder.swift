import Sluice
import SluicePipelines
import Synchronization

/// Remembers what it is told of messages, whose receipts are numbers.
final class Recorder: Acknowledger {
    struct Call: Hashable {
        var group: Int
        var successful: [UInt64]
        var failed: [UInt64]
    }

    private struct Refusal: Error {}

    private let state = Mutex<(calls: [Call], reasons: [UInt64: MessageFailure])>(([], [:]))
    private let refuses: @Sendable (Int) -> Bool

    /// - Parameter refuses: Whether it throws when it is told of a group, after it has taken note.
    init(refuses: @escaping @Sendable (Int) -> Bool = { _ in false }) {
        self.refuses = refuses
    }

    func acknowledge(_ outcome: AcknowledgedMessages, of group: Int) async throws {
        func number(_ receipt: Receipt) -> UInt64 {
            if case .number(let number) = receipt { number } else { .max }
        }
        state.withLock { state in
            state.calls.append(
                Call(
                    group: group,
                    successful: outcome.successful.map(number),
                    failed: outcome.failed.map { number($0.receipt) }
                )
            )
            for failed in outcome.failed { state.reasons[number(failed.receipt)] = failed.failure }
        }
        if refuses(group) { throw Refusal() }
    }

    var calls: [Call] { state.withLock(\.calls) }
    var successful: [UInt64] { calls.flatMap(\.successful) }
    var failed: [UInt64] { calls.flatMap(\.failed) }
    /// Every message that it was told of, in order, as often as it was.
    var all: [UInt64] { (successful + failed).sorted() }

    func reason(_ number: UInt64) -> MessageFailure? { state.withLock { $0.reasons[number] } }

    /// Messages whose bodies are their receipts.
    func messages(_ numbers: some Sequence<Int>, group: (Int) -> Int = { _ in 0 }) -> [Message<Int>] {
        let numbers = Array(numbers)
        // Those of one group that are neighbours together, as a source would.
        return numbers.indices.flatMap { index -> [Message<Int>] in
            guard index == 0 || group(numbers[index]) != group(numbers[index - 1]) else { return [] }
            let run = numbers[index...].prefix { group($0) == group(numbers[index]) }
            let receipts = run.map { Receipt.number(UInt64($0)) }
            return zip(run, acknowledgements(of: receipts, group: group(numbers[index])))
                .map { Message($0, acknowledgement: $1) }
        }
    }
}
