import Foundation
import GRDB
import Testing

extension Bench {
    /// Loads what the sqlite sink's database `out.db` holds, in the order of its keys.
    func loadSQLite() throws {
        let path = folder.path("out.ndjson")
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: folder.path("out.db"), configuration: configuration)
        let messages = try queue.read { database in
            try String.fetchAll(database, sql: "select message from changes order by commit_lsn, commit_idx, sub")
        }
        try queue.close()
        let text = messages.map { $0.hasSuffix("\n") ? $0 : $0 + "\n" }.joined()
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try loadDelivered(path)
    }
}
