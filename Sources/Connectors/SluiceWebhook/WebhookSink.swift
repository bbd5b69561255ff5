import FoundationEssentials
import SluiceHTTP
public import SluiceSinks

/// Sends messages to an HTTP endpoint, several in a request or one.
///
/// Messages are durable when the endpoint has answered with a status from 200 to 299. Each request has an
/// `Idempotency-Key` that is the same when the same messages are sent again.
public final class WebhookSink: KeyedSink {
    /// The URL without options, and with a hash in the place of its query.
    public let identity: String

    private let settings: WebhookSettings
    private let state: OpenState<HTTPService>

    init(_ settings: WebhookSettings) {
        self.settings = settings
        identity = settings.name
        state = OpenState(name: identity)
    }

    /// As the options say.
    public var limits: RequestLimits { settings.limits }

    /// An endpoint takes a request as a whole or not at all, so one may hold many messages of a key.
    public let keyFailure = KeyFailure.prefix

    /// Sends nothing.
    ///
    /// There is no request that every endpoint takes and none of them acts on; the first message finds out.
    ///
    /// - Returns: What is remembered: an endpoint cannot be asked for what it has.
    public func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        try await state.open { HTTPService(connections: settings.limits.concurrency, timeout: settings.timeout) }
        return SinkOpening(position: remembered ?? SinkPosition(cursor: nil))
    }

    /// Sends messages in one request; in more, if the endpoint refuses to take them together.
    public func send(_ messages: [OutgoingMessage]) async throws -> [SendResult] {
        let http = try state.required()
        return try await sendInParts(messages[...], keyFailure) { part in
            try await outcome(of: part, http)
        }
    }

    /// Closes the connections.
    public func close() async {
        await state.close()?.close()
    }

    private func outcome(of messages: ArraySlice<OutgoingMessage>, _ http: HTTPService) async throws -> RequestOutcome {
        let second = Int(Date().timeIntervalSince1970)
        let answer: HTTPAnswer
        do {
            answer = try await http.send(settings.request(messages, second: second), limit: WebhookVerdict.limit)
        } catch let failure as HTTPFailure {
            throw SinkError(.unavailable, "\(identity) does not answer: \(failure).", cause: failure)
        }
        switch WebhookVerdict(answer, second: second) {
        case .durable: return .answered(messages.map { _ in .durable })
        case .failed(let reason, let after):
            return .answered(messages.map { _ in .failed(reason: reason, after: after) })
        case .refused(let reason): return .refused(reason: reason)
        case .unavailable(let reason): throw SinkError(.unavailable, "\(identity) takes nothing now: \(reason).")
        case .notAuthorized(let reason):
            throw SinkError(
                .notAuthorized,
                "\(identity) refuses the sender: \(reason). Check the header or the secret."
            )
        case .missing(let reason): throw SinkError(.missing, "\(identity) is no endpoint for POST: \(reason).")
        }
    }
}
