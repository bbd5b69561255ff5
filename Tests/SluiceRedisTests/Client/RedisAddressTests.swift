import SinkTesting
import SluiceSinks
import Testing

@testable import SluiceRedis

@Suite struct RedisAddressTests {
    private static func address(_ text: String) throws -> RedisAddress {
        try RedisAddress(text) { $0 == "PASSWORD" ? "from:the@environment" : nil }
    }

    @Test(arguments: [
        ("redis://localhost", "localhost", 6379, 0, nil, nil), ("redis://h:1/", "h", 1, 0, nil, nil),
        ("REDIS://[::1]:6380/3", "::1", 6380, 3, nil, nil), ("redis://[::1]", "::1", 6379, 0, nil, nil),
        ("redis://:secret@h/2", "h", 6379, 2, nil, "secret"), ("redis://u:s%40%3A%2f@h", "h", 6379, 0, "u", "s@:/"),
        ("redis://u:a:b@h", "h", 6379, 0, "u", "a:b"), ("redis://u:a@b@h", "h", 6379, 0, "u", "a@b"),
        ("redis://u@h?password.env=PASSWORD", "h", 6379, 0, "u", "from:the@environment"),
    ])
    func readsURLs(
        _ text: String,
        host: String,
        port: Int,
        database: Int,
        user: String?,
        password: String?
    ) throws {
        let address = try Self.address(text)
        #expect(address.host == host && address.port == port && address.database == database)
        #expect(address.user == user && address.password == password)
        #expect(!"\(address)".contains(password ?? "no password"))
    }

    @Test(arguments: [
        ("http://h", "redis://USER"), ("redis:h", "redis://USER"), ("redis://", "no host"),
        ("redis://u:secret@", "no host"), ("redis://u:secret@h:x", "port"), ("redis://u:secret@h:0", "port"),
        ("redis://u:secret@h/x", "database"), ("redis://u:secret@h/-1", "database"),
        ("redis://u:%zzsecret@h", "percent-encoded"), ("redis://u:@h", "empty password"),
        ("redis://u:secret@h?a=b", "no options"), ("redis://h?a", "no value"), ("redis://h?a=1&a=2", "twice"),
        ("redis://h?password.env=OTHER", "OTHER"), ("redis://u:secret@h?password.env=PASSWORD", "one of them"),
    ])
    func refusesOthers(_ text: String, words: String) async {
        await expectFailure(.badURL, words, without: ["secret"]) { try Self.address(text) }
    }

    @Test func saysThatThereIsNoTLS() async {
        await expectFailure(.unsupported, "TLS", "tunnel", without: ["secret"]) {
            try Self.address("rediss://u:secret@h")
        }
    }

    @Test(arguments: [
        ("LOADING Redis is loading", SinkError.Code.unavailable, "LOADING"),
        ("OOM command not allowed", .unavailable, "OOM"),
        ("READONLY You can't write", .unavailable, "READONLY"),
        ("ERR max number of clients reached", .unavailable, "max"),
        ("NOAUTH Authentication required.", .notAuthorized, "ACL"), ("NOPERM this user", .notAuthorized, "ACL"),
        ("NOGROUP No such key", .missing, "XGROUP CREATE"), ("WRONGTYPE Operation", .refused, "not a stream"),
        ("MOVED 3999 127.0.0.1:6381", .unsupported, "Cluster"),
        ("ERR unknown command 'XAUTOCLAIM'", .unsupported, "6.2"),
        ("ERR syntax error", .refused, "syntax"),
    ])
    func tellsFailuresApart(_ text: String, code: SinkError.Code, words: String) throws {
        let error = RedisFailure.server(text).error(at: try Self.address("redis://u:secret@h"), "stream s")
        #expect(error.code == code)
        #expect(error.message.contains(words) && error.message.contains("redis://h:6379/0"))
    }
}
