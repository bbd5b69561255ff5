/// A stage or a graph was used in a way that cannot work, or did not end as it should.
public struct StageError: Error, Sendable {
    /// The kind of failure.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private let name: String

        private init(_ name: String) {
            self.name = name
        }

        /// The code's name, as in the API.
        public var description: String { name }

        /// The graph takes no more stages or subscriptions: `withStages` has left its body or is ending.
        public static let closed = Code("closed")
        /// The stage has ended.
        public static let stageEnded = Code("stageEnded")
        /// What feeds one stage was given to a second one.
        public static let alreadyStarted = Code("alreadyStarted")
        /// The call would wait for the stage on whose behalf it is made.
        public static let wouldDeadlock = Code("wouldDeadlock")
        /// The window of a subscription is not `0 <= minDemand < maxDemand <= 2^40`.
        public static let badWindow = Code("badWindow")
        /// A stage emitted more than its consumers want and its buffer may keep.
        public static let bufferOverflow = Code("bufferOverflow")
        /// The producer's dispatcher did not accept a subscription with these options.
        public static let refused = Code("refused")
        /// A stage cannot subscribe to itself.
        public static let selfSubscription = Code("selfSubscription")
        /// A stage cannot subscribe to a stage of another graph.
        public static let otherGraph = Code("otherGraph")
        /// A drain's deadline passed before every stage had ended.
        public static let drainDeadlineExceeded = Code("drainDeadlineExceeded")
        /// A dispatcher gave a subscription more than it had asked for, or one that it does not have, or kept events that
        /// it said it could place.
        public static let dispatcherFault = Code("dispatcherFault")
    }

    /// The kind of failure.
    public var code: Code

    /// What happened to which stage.
    public var message: String

    /// The underlying error, if there is one.
    public var cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

extension StageError: CustomStringConvertible {
    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
