import Foundation
import SluicePostgres

@testable import SluicePostgresSink

/// A database of a throwaway server that all tests of this process share.
struct TestDatabase: Sendable {
    private static let server = Result { try LocalServer() }
    private static let thread = BlockingThread()

    let server: LocalServer
    let name: String

    init(_ name: String) async throws {
        self.name = name
        server = try await Self.thread.run {
            let server = try Self.server.get()
            try Connection(ConnectionTarget(server.url())).query("create database \(name)")
            return server
        }
    }

    /// The sink's URL.
    var url: String { server.url(database: name) }

    /// A sink that writes here.
    func sink(_ options: String = "", report: @escaping @Sendable (String) -> Void = { _ in }) throws -> PostgresSink {
        try PostgresSinkURL(url + options).makeSink(report: report)
    }

    /// Runs SQL on a connection of its own.
    @discardableResult
    func query(_ sql: String) async throws -> [[String?]] {
        try await BlockingThread().run { try Connection(ConnectionTarget(url)).query(sql) }
    }
}
