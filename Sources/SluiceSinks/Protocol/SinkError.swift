/// What went wrong with a sink or with the state file.
///
/// The message names the object and says what to do; it never holds a password or row data.
public struct SinkError: Error, Sendable {
    /// The kind of failure.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private let name: String

        private init(_ name: String) {
            self.name = name
        }

        /// The code's name, as in the API.
        public var description: String { name }

        /// The text does not name a sink.
        public static let badURL = Code("badURL")
        /// An option is out of its range.
        public static let badOption = Code("badOption")
        /// The text names a kind of sink that does not exist yet.
        public static let unsupported = Code("unsupported")
        /// A folder on the way does not exist.
        public static let missingFolder = Code("missingFolder")
        /// The path leads to something that cannot be used, for example a folder or a symbolic link.
        public static let unusablePath = Code("unusablePath")
        /// The process may not do this.
        public static let noPermission = Code("noPermission")
        /// Another process has it.
        public static let inUse = Code("inUse")
        /// Another process has written in the meantime: it owns the sink now.
        public static let takenOver = Code("takenOver")
        /// It holds something that Sluice did not write.
        public static let notOurs = Code("notOurs")
        /// It holds the messages of another source.
        public static let otherSource = Code("otherSource")
        /// It is not what it was when it was last used.
        public static let changedOutside = Code("changedOutside")
        /// Nobody reads the other end of the pipe any more.
        public static let readerClosed = Code("readerClosed")
        /// The device or a quota is full.
        public static let noSpace = Code("noSpace")
        /// The device, the file system or SQLite reports an error.
        public static let inputOutput = Code("inputOutput")
        /// A message can never be stored there.
        public static let refused = Code("refused")
        /// Messages did not come in ascending order.
        public static let outOfOrder = Code("outOfOrder")
        /// The content is damaged.
        public static let corrupt = Code("corrupt")
        /// A later version of Sluice has written it.
        public static let newerVersion = Code("newerVersion")
        /// It cannot be reached, or takes nothing now; later it may.
        public static let unavailable = Code("unavailable")
        /// The name, a password or a token is not accepted there.
        public static let notAuthorized = Code("notAuthorized")
        /// The topic, queue or table does not exist there.
        public static let missing = Code("missing")
        /// It is not open, or an earlier failure ended it.
        public static let notOpen = Code("notOpen")
    }

    /// The kind of failure.
    public var code: Code

    /// What happened to which object, and what to do.
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

extension SinkError: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}
