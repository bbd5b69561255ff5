import SluicePostgres
import Testing

@Suite("The idempotency key of a cursor")
struct IdempotencyKeyTests {
    @Test(
        "is the base64 of its numbers",
        arguments: [
            (Cursor(commitLSN: LSN(rawValue: 24_023_128), index: 0), "MjQwMjMxMjg6MA=="),
            (Cursor(commitLSN: LSN(rawValue: 24_023_128), index: 7, sub: 2), "MjQwMjMxMjg6Nzoy"),
            (Cursor(commitLSN: LSN(rawValue: 24_023_128), index: 0, sub: -1), "MjQwMjMxMjg6MDotMQ=="),
            (
                Cursor(commitLSN: LSN(rawValue: .max), index: .max, sub: .max),
                "MTg0NDY3NDQwNzM3MDk1NTE2MTU6MTg0NDY3NDQwNzM3MDk1NTE2MTU6MjE0NzQ4MzY0Nw=="
            ),
        ]
    )
    func text(cursor: Cursor, expected: String) {
        #expect(cursor.idempotencyKey == expected)
    }
}
