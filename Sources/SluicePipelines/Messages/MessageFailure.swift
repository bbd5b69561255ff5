/// Why a message has failed.
///
/// Thrown by a handler, or given to ``Message/fail(because:)``, it is a failure that was foreseen. Any other error that a
/// handler throws becomes one with ``Code/thrown``.
public struct MessageFailure: Error, Sendable {
    /// What kind of failure it is.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code as text.
        public let description: String

        /// The handler said so.
        public static let refused = Code(description: "refused")
        /// The handler threw an error.
        public static let thrown = Code(description: "thrown")
        /// The handler took longer than it may.
        public static let timedOut = Code(description: "timedOut")
        /// The handler named a batcher that is not there.
        public static let unknownBatcher = Code(description: "unknownBatcher")
        /// What the handler prepared were not the messages that it was given.
        public static let wrongMessages = Code(description: "wrongMessages")
        /// The pipeline ended before the message was handled.
        public static let dropped = Code(description: "dropped")
    }

    // A reference: every message has room for a failure, and hardly any has one.
    private final class Content: Sendable {
        let code: Code
        let message: String
        let cause: (any Error)?

        init(_ code: Code, _ message: String, _ cause: (any Error)?) {
            self.code = code
            self.message = message
            self.cause = cause
        }
    }

    private let content: Content

    /// What kind of failure it is.
    public var code: Code { content.code }

    /// What happened.
    public var message: String { content.message }

    /// The error behind it.
    public var cause: (any Error)? { content.cause }

    /// Makes a failure that was foreseen.
    public init(_ message: String, cause: (any Error)? = nil) {
        self.init(.refused, message, cause: cause)
    }

    @usableFromInline
    init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        content = Content(code, message, cause)
    }

    /// Whether the same may succeed another time: what a handler has refused, it would refuse again.
    @usableFromInline var isWorthAnotherAttempt: Bool { code == .thrown || code == .timedOut }

    /// Takes an error that a handler threw.
    @usableFromInline
    init(_ error: any Error) {
        self = error as? MessageFailure ?? MessageFailure(.thrown, "\(error)", cause: error)
    }
}

extension MessageFailure: CustomStringConvertible {
    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
