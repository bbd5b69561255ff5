import CLibNATS
import SluicePostgres
import Synchronization

/// Where the answers to published messages come in, from a thread of the library, and whoever waits for them.
final class PublishInbox: Sendable {
    /// Messages that are published together.
    private struct Request {
        var answers: [PublishAnswer?]
        var left: Int
        let call: Call<[PublishAnswer]>
    }

    private struct State {
        var requests: [UInt64: Request] = [:]
        var next: UInt64 = 0
        var closed: String?
    }

    private let state = Mutex(State())

    /// Why the connection was closed for good; `nil` as long as it was not.
    var closed: String? { state.withLock(\.closed) }

    /// Begins a request.
    ///
    /// - Returns: Its number.
    func begin(_ count: Int, _ call: Call<[PublishAnswer]>) -> UInt64 {
        state.withLock { state in
            state.next += 1
            state.requests[state.next] = Request(
                answers: Array(repeating: nil, count: count),
                left: count,
                call: call
            )
            return state.next
        }
    }

    /// Forgets a request.
    func end(_ number: UInt64) {
        state.withLock { _ = $0.requests.removeValue(forKey: number) }
    }

    func answer(_ answer: PublishAnswer, to number: UInt64, _ place: Int) {
        let done = state.withLock { state -> Request? in
            guard let request = state.requests[number], request.answers.indices.contains(place),
                request.answers[place] == nil
            else { return nil }
            state.requests[number]?.answers[place] = answer
            state.requests[number]?.left -= 1
            return request.left == 1 ? state.requests.removeValue(forKey: number) : nil
        }
        done?.call.perform { done?.answers.compactMap { $0 } ?? [] }
    }

    func happened(_ event: ConnectionEvent) {
        let reason: String
        switch event {
        case .restored: return
        case .lost: reason = "the connection was lost"
        case .notPermitted(let text): reason = text
        case .closed(let text): reason = text
        }
        let requests = state.withLock { state in
            if case .closed(let text) = event { state.closed = text }
            defer { state.requests = [:] }
            return state.requests.values.map { $0 }
        }
        for request in requests {
            request.call.perform { request.answers.map { $0 ?? .unavailable(reason) } }
        }
    }

    /// Takes an answer from the library, and frees it.
    func receive(_ message: OpaquePointer?) {
        defer { natsMsg_Destroy(message) }
        guard let subject = natsMsg_GetSubject(message).map({ String(cString: $0) }) else { return }
        let parts = subject.split(separator: ".").suffix(2)
        guard let number = parts.first.flatMap({ UInt64($0) }), let place = parts.last.flatMap({ Int($0) }) else {
            return
        }
        let count = Int(natsMsg_GetDataLength(message))
        let bytes = natsMsg_GetData(message).map { Array(UnsafeRawBufferPointer(start: $0, count: count)) } ?? []
        answer(PublishAnswer(bytes, status: Delivery.header(message, "Status")), to: number, place)
    }
}
