import Foundation
import GRDB
import SluicePostgres
import SluiceTesting
import Testing

@testable import SluiceSinks

@Suite("Dead letters")
struct DeadLetterTests {
    private static let letter = DeadLetter(
        message: OutgoingMessage(
            cursor: at(100, 3, 1),
            action: .insert,
            schema: "public",
            table: "orders",
            key: ArraySlice("7".utf8),
            body: ArraySlice(#"{"record":{"id":7}}"#.utf8)
        ),
        reason: "It has \"two\"\nlines.",
        attempts: 4
    )

    private struct Form: Decodable, Equatable {
        struct Message: Decodable, Equatable {
            var record: [String: Int]
        }

        var sink: String
        var reason: String
        var attempts: Int
        var message: Message

        static let expected = Form(
            sink: "kafka://shop/orders",
            reason: "It has \"two\"\nlines.",
            attempts: 4,
            message: Message(record: ["id": 7])
        )
    }

    @Test("a letter is one line of JSON with the message inside")
    func encoding() throws {
        let bytes = Self.letter.encoded(of: "kafka://shop/orders")
        #expect(!bytes.contains(UInt8(ascii: "\n")))
        #expect(try JSONDecoder().decode(Form.self, from: Data(bytes)) == .expected)
    }

    @Test("a file gets a line for each, also behind a line that a crash has cut off")
    func file() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/letters.ndjson"
        try Data(#"{"sink":"ka"#.utf8).write(to: URL(filePath: path))
        let box = FileDeadLetters(path: path)
        try await box.open()
        try await box.put([Self.letter, Self.letter], of: "kafka://shop/orders")
        await box.close()
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 3)
        for line in lines.dropFirst() {
            #expect(try JSONDecoder().decode(Form.self, from: Data(line.utf8)) == .expected)
        }
    }

    @Test("a file has one writer")
    func fileInUse() async throws {
        let folder = try TemporaryFolder()
        let (first, second) = (FileDeadLetters(path: "\(folder.path)/a"), FileDeadLetters(path: "\(folder.path)/a"))
        try await first.open()
        await #expect { try await second.open() } throws: { ($0 as? SinkError)?.code == .inUse }
        await first.close()
        await second.close()
    }

    @Test("a table has each letter once, however often it comes")
    func table() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/letters.db"
        for _ in 0..<2 {
            let box = SQLiteDeadLetters(path: path)
            try await box.open()
            try await box.put([Self.letter], of: "kafka://shop/orders")
            await box.close()
        }
        let rows = try DatabaseQueue(path: path).read { try Row.fetchAll($0, sql: "SELECT * FROM dead_letters") }
        #expect(rows.count == 1)
        let row = try #require(rows.first)
        let cursor: [Int] = [row["commit_lsn"], row["commit_idx"], row["sub"]]
        #expect(cursor == [100, 3, 1])
        #expect(row["attempts"] as Int == 4)
        let texts: [String] = [row["message"], row["reason"], row["sink"]]
        #expect(texts == [#"{"record":{"id":7}}"#, "It has \"two\"\nlines.", "kafka://shop/orders"])
    }

    @Test("another sink gets it as soon as it can be reached, and a refusal there ends the stream")
    func otherSink() throws {
        try DeterministicExecutor.check(seeds: 0..<20) { clock in
            let sink = ScriptedSink { call, messages in
                switch call {
                case 1: throw SinkError(.unavailable, "It is away.")
                case 2: messages.map { _ in .failed(reason: "not now", after: .seconds(5)) }
                case 3: messages.map { _ in .durable }
                default: messages.map { _ in .refused(reason: "never") }
                }
            }
            let box = KeyedDeadLetters(to: sink, from: shop, clock: clock)
            try await box.open()
            try await box.put([Self.letter], of: "kafka://shop/orders")
            guard sink.durable == [3], clock.now.offset >= .seconds(5) else { throw SinkError(.notOpen, "early") }
            await #expect {
                try await box.put([Self.letter], of: "kafka://shop/orders")
            } throws: {
                ($0 as? SinkError)?.code == .refused && "\($0)".contains("never")
            }
        }
    }
}
