import SluicePipelines
import SluicePipelinesTesting
import SluiceRedis
import Testing

/// The rules of sources, against a server that is killed under way.
@Suite(.timeLimit(.minutes(5))) struct SourceConformanceTests {
    @Test func keepsTheRulesOfSources() async throws {
        let server = try await RedisServer.durable()
        var options = RedisStreamSource.Options()
        options.groupStartID = "0"
        options.block = .milliseconds(200)
        options.minIdleTime = .seconds(1)
        options.claimInterval = .milliseconds(100)
        try await checkSource {
            try await server.kill()
            try await server.restart()
        } make: { [options] in
            try RedisStreamSource(server.url, stream: "s", group: "g", options: options)
        } publish: {
            try await server.add($0, to: "s")
        } text: {
            $0.value
        }
    }
}
