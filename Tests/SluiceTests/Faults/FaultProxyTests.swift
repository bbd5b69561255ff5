import Foundation
import Testing

@testable import SluiceTesting

/// Through real sockets; whatever waits, waits for a byte, an end or a reset.
@Suite("A faulty network", .timeLimit(.minutes(5)))
struct FaultProxyTests {
    private let listener: TCPSocket
    private let proxy: FaultProxy

    init() throws {
        let (listener, port) = try TCPSocket.listening()
        self.listener = listener
        proxy = try FaultProxy(to: port)
    }

    /// A client, and the server's end of its connection.
    private func connect() throws -> (client: TCPSocket, server: TCPSocket) {
        let client = try TCPSocket.connected(to: proxy.port)
        wait(listener, Int32(POLLIN))
        return (client, try #require(listener.accept()))
    }

    @discardableResult
    private func wait(_ socket: TCPSocket, _ event: Int32, milliseconds: Int32 = -1) -> Bool {
        var descriptor = pollfd(fd: socket.descriptor, events: Int16(event), revents: 0)
        return poll(&descriptor, 1, milliseconds) > 0
    }

    /// What comes until so many bytes are there, or the end; `nil`: a reset.
    private func receive(_ count: Int, _ socket: TCPSocket) -> [UInt8]? {
        var result: [UInt8] = []
        while result.count < count {
            wait(socket, Int32(POLLIN))
            switch socket.receive(upTo: count - result.count) {
            case .bytes(let bytes): result += bytes
            case .nothing: continue
            case .end: return result
            case .failure: return nil
            }
        }
        return result
    }

    @Test func bytesAndEndsPassInBothDirections() throws {
        let (client, server) = try connect()
        #expect(client.send([1, 2, 3]) == 3)
        #expect(receive(3, server) == [1, 2, 3])
        #expect(server.send([4]) == 1)
        #expect(receive(1, client) == [4])
        client.endSending()
        #expect(receive(1, server) == [])
        #expect(server.send([5]) == 1)
        server.endSending()
        #expect(receive(9, client) == [5])
        #expect(proxy.acceptedCount == 1)
    }

    @Test func muchPassesUnchangedWhileTheReceiverIsSlow() throws {
        let (client, server) = try connect()
        let text = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        var rest = text[...]
        var received: [UInt8] = []
        while received.count < text.count {
            if !rest.isEmpty { rest = rest.dropFirst(try #require(client.send(rest))) }
            if case .bytes(let bytes) = server.receive(upTo: 70_000) { received += bytes }
        }
        #expect(received == text)
    }

    @Test func aReceiverThatDoesNotReadHoldsTheSenderBack() throws {
        let (client, server) = try connect()
        let piece = [UInt8](repeating: 7, count: 1 << 20)
        var sent = 0
        // The buffers of four sockets and the proxy's are not endless.
        while wait(client, Int32(POLLOUT), milliseconds: 300) { sent += try #require(client.send(piece[...])) }
        #expect(sent < 64 << 20)
        var rest = sent
        while rest > 0 { rest -= try #require(receive(min(rest, 1 << 20), server)).count }
        #expect(rest == 0)
    }

    @Test func aCutResetsBothEndsAndOnlyThoseThatAreThere() throws {
        let (client, server) = try connect()
        proxy.cut()
        #expect(receive(1, client) == nil && receive(1, server) == nil)
        let (next, other) = try connect()
        #expect(next.send([1]) == 1 && receive(1, other) == [1])
    }

    @Test func aHalfOpenConnectionSwallowsEverythingAndIsResetAfterwards() throws {
        let (client, server) = try connect()
        let (idle, other) = try connect()
        proxy.change { $0.isHalfOpen = true }
        #expect(client.send([1]) == 1 && server.send([2]) == 1)
        #expect(!wait(server, Int32(POLLIN), milliseconds: 100) && !wait(client, Int32(POLLIN), milliseconds: 100))
        #expect(proxy.connectionCount == 2)
        proxy.change { $0.isHalfOpen = false }
        #expect(receive(1, client) == nil && receive(1, server) == nil)
        // One that lost nothing goes on.
        #expect(idle.send([3]) == 1 && receive(1, other) == [3])
    }

    @Test func aDelayAndARateTakeTheirTime() throws {
        let (client, server) = try connect()
        proxy.change { $0.delay = .milliseconds(50) }
        let start = ContinuousClock.now
        #expect(client.send([1]) == 1 && receive(1, server) == [1])
        // Only lower bounds, which no slowness of the machine breaks.
        #expect(ContinuousClock.now - start >= .milliseconds(50))
        proxy.change { faults in
            faults = NetworkFaults()
            faults.bytesPerSecond = 1000
        }
        let next = ContinuousClock.now
        #expect(client.send([UInt8](repeating: 1, count: 200)[...]) == 200 && receive(200, server)?.count == 200)
        #expect(ContinuousClock.now - next >= .milliseconds(150))
    }

    @Test func aLifetimeEndsEachConnectionByAReset() throws {
        proxy.change { $0.lifetime = .milliseconds(20) }
        for _ in 1...2 {
            let (client, server) = try connect()
            #expect(receive(1, client) == nil && receive(1, server) == nil)
        }
    }

    @Test func refusedConnectionsAndThoseToNobodyAreReset() throws {
        proxy.change { $0.refusesConnections = true }
        #expect(receive(1, try TCPSocket.connected(to: proxy.port)) == nil)
        let nowhere = try FaultProxy(to: 1)
        #expect(receive(1, try TCPSocket.connected(to: nowhere.port)) == nil)
    }

    @Test func aStopEndsAllConnectionsAndThePort() throws {
        let (client, server) = try connect()
        proxy.stop()
        #expect(receive(1, client) == nil && receive(1, server) == nil)
        #expect(throws: FaultProxyError.self) { try TCPSocket.connected(to: proxy.port) }
        proxy.stop()
    }
}
