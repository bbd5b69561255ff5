import Testing

@testable import SluiceRedis

/// Replies of a real server, of all kinds, as they are read.
@Suite(.timeLimit(.minutes(5))) struct RedisReplyTests {
    private static func answers(_ scripts: String...) async throws -> [Answer] {
        let server = try await RedisServer.shared()
        var commands = RedisCommands()
        for script in scripts { commands.add("EVAL", script, "0") }
        let connection = try RedisConnection(RedisAddress(server.url) { _ in nil }, timeout: .seconds(30))
        var answers: [Answer] = []
        try connection.exchange(commands) { _, reply in answers.append(Answer(reply)) }
        return answers
    }

    @Test func hasTheKindsAndTheOrderOfTheServer() async throws {
        let script = "return {1, {'a', {}, {{'b'}, false}, ''}, -7, {ok = 'done'}, 'ä\\r\\n'}"
        let list = Answer.list([
            .integer(1),
            .list([.text("a"), .text(""), .list([.list([.text("b")]), .nothing]), .text("")]),
            .integer(-7), .text("done"), .text("ä\r\n"),
        ])
        let answers = try await Self.answers(script, "return 'next'", "return {}")
        #expect(answers == [list, .text("next"), .text("")])
        let parts = try #require(answers.first)
        #expect(parts[1]?[2]?[0]?[0] == .text("b"))
    }

    @Test func partsAreFoundByTheirPlaces() async throws {
        let server = try await RedisServer.shared()
        let connection = try RedisConnection(RedisAddress(server.url) { _ in nil }, timeout: .seconds(30))
        try connection.exchange(RedisCommands("EVAL", "return {{1, {2}}, 'x', {3}}", "0")) { _, reply in
            #expect(reply.count == 3 && reply[1]?.text == "x" && reply[2]?[0]?.integer == 3)
            #expect(reply[0]?[1]?[0]?.integer == 2 && reply[3] == nil && reply[1]?[0] == nil)
            #expect(reply[1]?.integer == nil && reply[0]?.text == "" && reply[0]?.error == nil)
        }
    }

    @Test func longRepliesComeInManyPieces() async throws {
        // Each length up to 3000: so the pieces in which the reply arrives end anywhere in a text.
        let script = """
            local list = {}
            for length = 1, 3000 do list[length] = {length, string.rep(length % 10, length)} end
            return list
            """
        let answers = try await Self.answers(script, "return 1", script)
        let expected = Answer.list(
            (1...3000).map { .list([.integer($0), .text(String(repeating: "\($0 % 10)", count: $0))]) }
        )
        #expect(answers == [expected, .integer(1), expected])
    }

    @Test func aComplaintIsThrownWhenAllIsRead() async throws {
        let server = try await RedisServer.shared()
        let connection = try RedisConnection(RedisAddress(server.url) { _ in nil }, timeout: .seconds(30))
        var commands = RedisCommands("ECHO", "one")
        commands.add("NOTHING")
        commands.add("ECHO", "two")
        var texts: [String] = []
        #expect(throws: RedisFailure.self) { try connection.exchange(commands) { texts.append("\($0) \($1.text)") } }
        #expect(texts == ["0 one", "2 two"])
    }
}
