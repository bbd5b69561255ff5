/// What went wrong between Sluice and a Postgres server.
///
/// The message names the object and says what to do; it never holds a password or row data.
public struct ReplicationError: Error, Sendable {
    /// The kind of failure.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private let name: String

        private init(_ name: String) {
            self.name = name
        }

        /// The code's name, as in the API.
        public var description: String { name }

        /// The connection string cannot be used.
        public static let badURL = Code("badURL")
        /// The server did not answer.
        public static let unreachable = Code("unreachable")
        /// The server refused the user, the password or the database.
        public static let refused = Code("refused")
        /// The server is set up so that logical replication cannot work.
        public static let serverSetup = Code("serverSetup")
        /// The role may not do this.
        public static let noPermission = Code("noPermission")
        /// A slot or publication does not exist.
        public static let missing = Code("missing")
        /// Another process reads the slot.
        public static let slotInUse = Code("slotInUse")
        /// Another process of this program keeps the slot for itself, whether it reads it now or not.
        public static let slotClaimed = Code("slotClaimed")
        /// The server is another one than before, or on another timeline, or was set back: what is known has to be compared
        /// anew.
        public static let serverChanged = Code("serverChanged")
        /// A test let a place fail (`SLUICE_FAILPOINT`).
        public static let failpoint = Code("failpoint")
        /// The slot cannot be used (another plugin or database, or its log was removed).
        public static let slotUnusable = Code("slotUnusable")
        /// The slot has moved past what was made durable here.
        public static let gap = Code("gap")
        /// The state belongs to another server, timeline or set of options.
        public static let stateMismatch = Code("stateMismatch")
        /// An established connection was lost.
        public static let connectionLost = Code("connectionLost")
        /// The server sent something that breaks the protocol.
        public static let protocolViolation = Code("protocolViolation")
        /// The changes of transactions that are still open could not be kept in files.
        public static let spoolFailed = Code("spoolFailed")
        /// A table's rows cannot be copied.
        public static let unsupportedTable = Code("unsupportedTable")
        /// Any other answer of the server.
        public static let server = Code("server")
    }

    /// The kind of failure.
    public var code: Code

    /// What happened to which object, and what to do.
    public var message: String

    /// Postgres' five-character code, if the server sent one.
    public var sqlState: String?

    /// The underlying error, if there is one.
    public var cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, sqlState: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.sqlState = sqlState
        self.cause = cause
    }
}

extension ReplicationError: CustomStringConvertible {
    /// The message, followed by Postgres' code if there is one.
    public var description: String {
        sqlState.map { "\(message) [SQLSTATE \($0)]" } ?? message
    }
}
