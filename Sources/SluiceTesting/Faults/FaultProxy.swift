internal import Foundation
internal import Synchronization

/// A TCP proxy on a free port of 127.0.0.1 that a test puts between a client and a server, to let the network fail.
///
/// ```swift
/// let proxy = try FaultProxy(to: 5432)
/// let client = connect("127.0.0.1", proxy.port)
/// proxy.cut()                                    // every connection is reset
/// proxy.change { $0.isHalfOpen = true }          // from now on all bytes are swallowed, and nobody is told
/// proxy.change { $0 = NetworkFaults() }          // all is well again
/// ```
///
/// It has one thread of its own, which ends, with all connections, at ``stop()`` or with the last reference. A change
/// holds for the connections that are there too. The order of bytes is kept always. What is on the way is bounded: a
/// side that does not read holds the other one back, as a direct connection would.
public final class FaultProxy: Sendable {
    /// The port to connect to.
    public let port: Int

    private let board: ProxyBoard

    /// Starts to listen.
    ///
    /// - Parameter upstream: The port of 127.0.0.1 to which connections are passed on. Nobody needs to listen there yet: a
    ///   connection is then reset, as it would be refused.
    /// - Throws: ``FaultProxyError`` if the system has no port or descriptor.
    public init(to upstream: Int) throws {
        let (listener, port) = try TCPSocket.listening()
        let board = try ProxyBoard()
        self.port = port
        self.board = board
        Thread.detachNewThread {
            var loop = ProxyLoop(listener: listener, upstream: upstream, board: board)
            loop.run()
        }
    }

    deinit {
        stop()
    }

    /// What happens to connections now.
    public var faults: NetworkFaults { board.read(\.faults) }

    /// How many connections there are.
    public var connectionCount: Int { board.read(\.connectionCount) }

    /// How many connections were accepted since the start, those that were reset at once included.
    public var acceptedCount: Int { board.read(\.acceptedCount) }

    /// Changes what happens to connections, from now on.
    public func change(_ body: (inout NetworkFaults) -> Void) {
        board.change { body(&$0.faults) }
    }

    /// Resets every connection that there is now.
    public func cut() {
        board.change { $0.cuts += 1 }
    }

    /// Resets everything and stops listening; later calls do nothing.
    public func stop() {
        board.change { $0.isStopped = true }
    }
}
