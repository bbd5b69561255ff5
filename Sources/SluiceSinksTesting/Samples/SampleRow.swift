import Foundation

/// A row of the table `public.conformance (id integer primary key, note text)`, which the check of ordered sinks writes.
public struct SampleRow: Hashable, Sendable {
    /// The column `id`.
    public var id: Int

    /// The column `note`.
    public var note: String

    /// Makes a row.
    public init(id: Int, note: String) {
        self.id = id
        self.note = note
    }

    /// Reads a row from the JSON of its message; the result is `nil` if it is not the message of such a row.
    ///
    /// - Parameter message: One message, with or without its newline.
    public init?(message: String) {
        struct Message: Decodable {
            struct Record: Decodable {
                var id: Int
                var note: String
            }
            var record: Record
        }
        guard let message = try? JSONDecoder().decode(Message.self, from: Data(message.utf8)) else { return nil }
        self.init(id: message.record.id, note: message.record.note)
    }
}

extension SampleRow: CustomStringConvertible {
    /// The id, and the start of the note.
    public var description: String {
        note.count > 20 ? "\(id) (\(note.prefix(20))…, \(note.utf8.count) bytes)" : "\(id) (\(note))"
    }
}
