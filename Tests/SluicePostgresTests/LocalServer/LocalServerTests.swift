import Glibc
import Testing

@testable import SluicePostgres

@Suite("A throwaway server")
struct LocalServerTests {
    @Test("starts, answers, and leaves nothing behind")
    func startsAndStops() async throws {
        let thread = BlockingThread()
        defer { thread.close() }
        let (rows, folder) = try await thread.run {
            let server = try LocalServer(.init(settings: ["work_mem": "7MB"]))
            defer { server.stop() }
            let connection = try Connection(ConnectionTarget(server.url()))
            return (try connection.query("show wal_level; show work_mem"), server.folder)
        }
        #expect(rows == [["7MB"]])
        #expect(access(folder, F_OK) != 0)
    }

    @Test("a server that does not start says why and leaves nothing behind")
    func failingStart() async throws {
        let thread = BlockingThread()
        defer { thread.close() }
        let error = await #expect(throws: ReplicationError.self) {
            try await thread.run { _ = try LocalServer(.init(settings: ["shared_buffers": "nonsense"])) }
        }
        #expect(error?.code == .serverSetup)
        #expect(error?.message.contains("shared_buffers") == true)
    }
}
