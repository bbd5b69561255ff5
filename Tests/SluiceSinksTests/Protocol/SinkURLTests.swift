import SinkTesting
import Testing

@testable import SluiceSinks

@Suite struct SinkURLTests {
    @Test(arguments: [
        ("-", "-"), ("file:/tmp/x.ndjson", "file:/tmp/x.ndjson"), ("file:///tmp/x", "file:/tmp/x"),
        ("FILE:/tmp/x", "file:/tmp/x"), ("sqlite:/tmp/x.db", "sqlite:/tmp/x.db"), ("sqlite:///tmp/x", "sqlite:/tmp/x"),
        ("file:/tmp/./a%20b:c", "file:/tmp/a%20b:c"), ("file:/tmp/../tmp/x", "file:/tmp/x"), ("file:/x", "file:/x"),
        ("file:/no/such/folder/x", "file:/no/such/folder/x"),
    ])
    func names(text: String, identity: String) throws {
        #expect(try SinkURL(text).makeSink().identity == identity)
    }

    @Test func relativePathsBecomeAbsolute() throws {
        let identity = try SinkURL("file:x.ndjson").makeSink().identity
        #expect(identity.hasPrefix("file:/") && identity.hasSuffix("/x.ndjson"))
        #expect(try SinkURL("file:./x.ndjson").makeSink().identity == identity)
    }

    @Test(arguments: [
        ("", SinkError.Code.badURL, "-"), ("out.ndjson", .badURL, "file:out.ndjson"), ("file:", .badURL, "path"),
        ("file://host/x", .badURL, "HOST"), ("file:/tmp/", .badURL, "folder"), ("sqlite::memory:", .badURL, "memory"),
        ("sqlite:", .badURL, "path"), ("kafka://b:9092/t", .badURL, "kafka"),
        ("rabbitmq://u:secret@h/d", .badURL, "rabbitmq"), ("ftp://u:secret@h/x", .badURL, "file:PATH"),
        ("file:a\0b", .badURL, "path"),
    ])
    func refuses(text: String, code: SinkError.Code, word: String) async {
        await expectFailure(code, word) { try SinkURL(text) }
    }

    @Test func keepsPasswordsToItself() {
        for text in ["postgres://u:secret@h/d", "ftp://u:secret@h/d", "file://u:secret@h/d"] {
            let error = #expect(throws: SinkError.self) { try SinkURL(text) }
            #expect(error?.message.contains("secret") == false)
        }
    }
}
