import SluicePostgres
import SluiceSinks

/// Requests of one size, made before the clock runs.
struct Workload: Sendable {
    /// How many rows take turns.
    static let keys = 10_000

    let request: Int
    private let messages: [OutgoingMessage]

    /// A row of 200 bytes as the stream writes it.
    static let body: [UInt8] = {
        let note = String(repeating: "n", count: 200)
        return Array(
            """
            {"record":{"id":123456,"customer_id":98765,"status":"shipped","total":"129.90","note":"\(note)"},\
            "changes":null,"action":"insert","metadata":{"table_schema":"public","table_name":"orders",\
            "commit_timestamp":"2026-01-01T03:04:05.678901Z","commit_lsn":24023128,"commit_idx":123456,\
            "idempotency_key":"MjQwMjMxMjg6MTIzNDU2","record_pks":["123456"],"transaction_annotations":null,\
            "database_name":"shop","consumer":{"id":"sluice","name":"sluice","annotations":{}},\
            "database":{"id":"7312345678901234567","name":"shop","annotations":{},"database":"shop",\
            "hostname":"localhost"}}}
            """.utf8
        )
    }()

    init(request: Int, body: [UInt8]) {
        self.request = request
        messages = (0..<Self.keys).map { number in
            OutgoingMessage(
                cursor: Cursor(commitLSN: LSN(rawValue: 24_023_128), index: UInt64(number)),
                action: .insert,
                schema: "public",
                table: "orders",
                key: ArraySlice(String(number).utf8),
                body: body[...]
            )
        }
    }

    /// A request of a sender; what different senders send at the same time has different keys.
    func messages(of sender: Int, _ number: Int) -> [OutgoingMessage] {
        let start = (sender * 2500 + number * request) % (Self.keys - request + 1)
        return Array(messages[start..<start + request])
    }
}
