/// Bytes of a replication stream that do not have the form that the protocol gives them.
///
/// The message names the field and the message that it belongs to; it never holds row data.
package struct PgOutputError: Error, Hashable, Sendable {
    /// The kind of failure.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private let name: String

        private init(_ name: String) {
            self.name = name
        }

        /// The code's name, as in the API.
        package var description: String { name }

        /// The bytes end inside a field.
        package static let truncated = Code("truncated")
        /// A text has no NUL at its end.
        package static let unterminated = Code("unterminated")
        /// A length or a count is negative.
        package static let negative = Code("negative")
        /// Bytes follow the last field.
        package static let trailing = Code("trailing")
        /// The type byte names no message that is read here.
        package static let unknownMessage = Code("unknownMessage")
        /// A field has a value that the protocol does not know.
        package static let unknownValue = Code("unknownValue")
        /// A row speaks of a relation that has not been described.
        package static let unknownRelation = Code("unknownRelation")
        /// A tuple has another number of columns than its relation.
        package static let columnCount = Code("columnCount")
        /// A value came in Postgres' binary format, which is never asked for.
        package static let binaryValue = Code("binaryValue")
        /// The result would be too long to be addressed.
        package static let oversized = Code("oversized")
    }

    /// The kind of failure.
    package let code: Code

    /// Which field of which message, and what is wrong with it.
    package let message: String

    /// Makes an error.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension PgOutputError: CustomStringConvertible {
    /// The message.
    package var description: String { message }
}
