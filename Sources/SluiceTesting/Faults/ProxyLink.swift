internal import Foundation

/// One proxied connection: both sockets, and what is on the way between them.
///
/// It belongs to the proxy's thread.
struct ProxyLink {
    private struct Side {
        let socket: TCPSocket
        /// What is on the way to this side.
        var incoming = FaultPipe()
        /// Nothing more comes from this side.
        var hasEnded = false
        /// This side knows that nothing more comes from the other.
        var wasToldOfEnd = false
    }

    let madeAt: ContinuousClock.Instant
    private var client: Side
    private var server: Side
    private var lostSomething = false

    /// Everything was passed on, or the connection broke.
    private(set) var isOver = false

    init(client: TCPSocket, server: TCPSocket, madeAt now: ContinuousClock.Instant) {
        self.client = Side(socket: client)
        self.server = Side(socket: server)
        madeAt = now
    }

    /// What to poll for, first of the client's socket and then of the server's.
    func interests(at now: ContinuousClock.Instant, _ faults: NetworkFaults) -> [pollfd] {
        [Self.interest(client, to: server, now, faults), Self.interest(server, to: client, now, faults)]
    }

    /// When something may go on that may not yet; `nil`: there is nothing.
    func nextTime(at now: ContinuousClock.Instant, _ faults: NetworkFaults) -> ContinuousClock.Instant? {
        let times = [
            client.incoming.nextTime(faults), server.incoming.nextTime(faults), faults.lifetime.map { madeAt + $0 },
        ]
        return times.compactMap(\.self).filter { $0 > now }.min()
    }

    /// Moves what can be moved.
    mutating func move(at now: ContinuousClock.Instant, _ faults: NetworkFaults) {
        if lostSomething && !faults.isHalfOpen { return reset() }
        if let lifetime = faults.lifetime, madeAt.duration(to: now) >= lifetime { return reset() }
        Self.move(&client, &server, now, faults, &lostSomething, &isOver)
        Self.move(&server, &client, now, faults, &lostSomething, &isOver)
        if isOver { return reset() }
        isOver = client.wasToldOfEnd && server.wasToldOfEnd
    }

    /// Breaks both connections by a reset.
    mutating func reset() {
        client.socket.resetAtEnd()
        server.socket.resetAtEnd()
        isOver = true
    }

    private static func interest(
        _ side: Side,
        to other: Side,
        _ now: ContinuousClock.Instant,
        _ faults: NetworkFaults
    ) -> pollfd {
        var events: Int32 = 0
        if !side.hasEnded, faults.isHalfOpen || other.incoming.room(faults) > 0 { events |= Int32(POLLIN) }
        if !faults.isHalfOpen, !side.incoming.next(at: now, faults).isEmpty { events |= Int32(POLLOUT) }
        // A side that ended would be reported for ever.
        return pollfd(fd: events == 0 ? -1 : side.socket.descriptor, events: Int16(events), revents: 0)
    }

    /// From one side into the pipe to the other, and from there on.
    private static func move(
        _ side: inout Side,
        _ other: inout Side,
        _ now: ContinuousClock.Instant,
        _ faults: NetworkFaults,
        _ lostSomething: inout Bool,
        _ isBroken: inout Bool
    ) {
        let room = faults.isHalfOpen ? FaultPipe.capacity : other.incoming.room(faults)
        if !side.hasEnded, room > 0 {
            switch side.socket.receive(upTo: room) {
            case .bytes(let bytes):
                if faults.isHalfOpen { lostSomething = true } else { other.incoming.take(bytes, at: now, faults) }
            case .nothing:
                break
            case .end:
                side.hasEnded = true
                if faults.isHalfOpen { lostSomething = true }
            case .failure:
                side.hasEnded = true
                if faults.isHalfOpen { lostSomething = true } else { isBroken = true }
            }
        }
        guard !faults.isHalfOpen else { return }
        while true {
            let bytes = other.incoming.next(at: now, faults)
            guard !bytes.isEmpty else { break }
            guard let count = other.socket.send(bytes) else {
                isBroken = true
                return
            }
            other.incoming.sent(count, at: now, faults)
            if count < bytes.count { break }
        }
        if side.hasEnded, other.incoming.isEmpty, !other.wasToldOfEnd {
            other.socket.endSending()
            other.wasToldOfEnd = true
        }
    }
}
