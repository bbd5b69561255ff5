import SluicePostgres
import SluiceSinks
import Synchronization

/// A place in memory that outlives its sinks.
final class KeyedPlace: Sendable {
    let messages = Mutex<[OutgoingMessage]>([])
    let underWay = Mutex(0)
    let instances = Mutex(0)

    var bodies: [String] { messages.withLock { $0.map { String(decoding: $0.body, as: UTF8.self) } } }
}

/// A keyed sink that keeps every rule, or all but one. What holds the word "poison" fails.
final class KeyedMemorySink: KeyedSink {
    enum Wrong: CaseIterable {
        case changesItsName, forgetsWhatIsRemembered, answersOnce, answersInAnotherOrder, losesUnicodeKeys,
            losesSomeBodies
        case reverses, goesOnBehindFailures, keepsWhatItCallsFailed, refusesItsOwnLimit, oneAtATime
        case failsOnCancellation, sendsWhenClosed

        var rule: String {
            switch self {
            case .changesItsName: "K1"
            case .forgetsWhatIsRemembered: "K2"
            case .answersOnce, .answersInAnotherOrder: "K3"
            case .losesUnicodeKeys, .losesSomeBodies: "K4"
            case .reverses: "K5"
            case .goesOnBehindFailures, .keepsWhatItCallsFailed: "K6"
            case .refusesItsOwnLimit: "K7"
            case .oneAtATime: "K8"
            case .failsOnCancellation: "K9"
            case .sendsWhenClosed: "K10"
            }
        }
    }

    private enum Phase {
        case new, open, closed
    }

    let identity: String
    let limits = RequestLimits(messages: 50, bytes: 100_000, messageBytes: 20_000, concurrency: 4)
    let keyFailure: KeyFailure
    private let place: KeyedPlace
    private let wrong: Wrong?
    private let phase = Mutex(Phase.new)

    init(_ place: KeyedPlace, _ keyFailure: KeyFailure, wrong: Wrong? = nil) {
        self.place = place
        self.keyFailure = keyFailure
        self.wrong = wrong
        let number = place.instances.withLock { number in
            number += 1
            return number
        }
        identity = wrong == .changesItsName ? "memory:\(number)" : "memory:"
    }

    func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        try phase.withLock { phase in
            guard case .new = phase else { throw SinkError(.notOpen, "It was opened before.") }
            phase = .open
        }
        return SinkOpening(
            position: (wrong == .forgetsWhatIsRemembered ? nil : remembered) ?? SinkPosition(cursor: nil)
        )
    }

    func send(_ messages: [OutgoingMessage]) async throws -> [SendResult] {
        if Task.isCancelled {
            throw wrong == .failsOnCancellation ? SinkError(.inputOutput, "It was cancelled.") : CancellationError()
        }
        guard wrong == .sendsWhenClosed || phase.withLock({ $0 == .open }) else {
            throw SinkError(.notOpen, "It is not open.")
        }
        if wrong == .oneAtATime {
            guard
                place.underWay.withLock({ count in
                    count += 1
                    return count == 1
                })
            else { throw SinkError(.inputOutput, "Another request is under way.") }
            // Others come meanwhile.
            for _ in 0..<200 { await Task.yield() }
            place.underWay.withLock { $0 -= 1 }
        }
        var results = take(messages)
        if wrong == .answersOnce { results = [.durable] }
        if wrong == .answersInAnotherOrder { results.reverse() }
        return results
    }

    private func take(_ messages: [OutgoingMessage]) -> [SendResult] {
        var failed: Set<ArraySlice<UInt8>?> = []
        var stored: [OutgoingMessage] = []
        let results: [SendResult] = messages.map { message in
            let text = String(decoding: message.body, as: UTF8.self)
            let isPoison = text.contains("poison")
            if isPoison || failed.contains(message.key) && wrong != .goesOnBehindFailures {
                failed.insert(message.key)
                if wrong == .keepsWhatItCallsFailed { stored.append(message) }
                return .failed(reason: isPoison ? "poison" : "behind another one")
            }
            if wrong == .refusesItsOwnLimit, message.byteCount > 15_000 { return .refused(reason: "too large") }
            if wrong == .losesUnicodeKeys, message.key?.contains(where: { $0 >= 0x80 }) == true { return .durable }
            if wrong == .losesSomeBodies, text.contains("😀") { return .durable }
            stored.append(message)
            return .durable
        }
        place.messages.withLock { $0 += wrong == .reverses ? stored.reversed() : stored }
        return results
    }

    func close() async {
        phase.withLock { $0 = .closed }
    }
}
