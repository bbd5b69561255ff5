/// What is written into the log for a page: its rows enter the stream at that place.
///
/// It holds the keys of all of the page's rows, so that the log itself tells, after a crash, how far the copy was when the
/// sink stood inside of the page.
package struct Watermark: Hashable, Sendable {
    /// The prefix of the logical message.
    package static let prefix = "sluice.backfill"

    /// The run of the program that wrote it, see ``CopyJournal``.
    package let run: Int64

    /// The page's number in the run.
    package let page: Int64

    /// The table's oid.
    package let table: UInt32

    /// Whether no page of the table follows.
    package let isLast: Bool

    /// The rows' keys, in order.
    package let keys: [RowKey]

    /// Makes a watermark.
    package init(run: Int64, page: Int64, table: UInt32, isLast: Bool, keys: [RowKey]) {
        self.run = run
        self.page = page
        self.table = table
        self.isLast = isLast
        self.keys = keys
    }

    /// The message's content.
    package var content: String {
        let columns = keys.first?.values.count ?? 1
        return "1 \(run) \(page) \(table) \(isLast ? 1 : 0) \(columns)\n" + keys.map(\.text).joined()
    }

    /// Reads the content of a message; `nil` if it is not a watermark's.
    package init?(content: some Sequence<UInt8>) {
        let bytes = Array(content)
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let fields = String(decoding: bytes[..<end], as: UTF8.self).split(separator: " ")
        guard fields.count == 6, fields[0] == "1", let run = Int64(fields[1]), let page = Int64(fields[2]),
            let table = UInt32(fields[3]), let columns = Int(fields[5]), columns > 0
        else { return nil }
        var rest = bytes[(end + 1)...]
        var keys: [RowKey] = []
        while !rest.isEmpty {
            var values: [String] = []
            for _ in 0..<columns {
                guard let value = RowKey.takeValue(from: &rest) else { return nil }
                values.append(value)
            }
            keys.append(RowKey(values))
        }
        self.init(run: run, page: page, table: table, isLast: fields[4] == "1", keys: keys)
    }
}
