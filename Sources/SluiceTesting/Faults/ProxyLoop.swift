internal import Foundation

/// The life of a proxy's thread.
struct ProxyLoop: ~Copyable {
    private let listener: TCPSocket
    private let upstream: Int
    private let board: ProxyBoard
    private var links: [ProxyLink] = []
    private var cuts = 0

    init(listener: TCPSocket, upstream: Int, board: ProxyBoard) {
        self.listener = listener
        self.upstream = upstream
        self.board = board
    }

    mutating func run() {
        while true {
            let state = board.take()
            if state.isStopped || state.cuts > cuts {
                for index in links.indices { links[index].reset() }
            }
            if state.isStopped {
                links = []
                listener.endListening()
                return board.done(state, connectionCount: 0, newlyAccepted: 0)
            }
            cuts = state.cuts
            let accepted = accept(state.faults)
            let now = ContinuousClock.now
            for index in links.indices where !links[index].isOver { links[index].move(at: now, state.faults) }
            links.removeAll(where: \.isOver)
            board.done(state, connectionCount: links.count, newlyAccepted: accepted)
            wait(at: now, state.faults)
        }
    }

    private mutating func accept(_ faults: NetworkFaults) -> Int {
        var count = 0
        while let client = listener.accept() {
            count += 1
            if !faults.refusesConnections, let server = try? TCPSocket.connected(to: upstream) {
                links.append(ProxyLink(client: client, server: server, madeAt: .now))
            } else {
                client.resetAtEnd()
            }
        }
        return count
    }

    private func wait(at now: ContinuousClock.Instant, _ faults: NetworkFaults) {
        var descriptors = [
            pollfd(fd: board.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        for link in links { descriptors += link.interests(at: now, faults) }
        let next = links.compactMap { $0.nextTime(at: now, faults) }.min()
        let milliseconds = next.map { Int32(clamping: Int(now.duration(to: $0) / .milliseconds(1)) + 1) } ?? -1
        _ = poll(&descriptors, nfds_t(descriptors.count), milliseconds)
    }
}
