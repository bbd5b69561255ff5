internal import Foundation

/// A non-blocking TCP socket of 127.0.0.1, closed with its last reference.
final class TCPSocket: Sendable {
    enum Received {
        case bytes(ArraySlice<UInt8>)
        case nothing
        case end
        case failure
    }

    let descriptor: Int32

    /// Listens on a free port.
    static func listening() throws(FaultProxyError) -> (socket: TCPSocket, port: Int) {
        let socket = try TCPSocket()
        var address = Self.address(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(socket.descriptor, address, length) == 0 && listen(socket.descriptor, 128) == 0
                    ? getsockname(socket.descriptor, address, &length) : -1
            }
        }
        guard result == 0 else { throw FaultProxyError("No port of 127.0.0.1 is free", errno: errno) }
        return (socket, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// Connects to a port; on the loopback that succeeds or fails at once.
    static func connected(to port: Int) throws(FaultProxyError) -> TCPSocket {
        let socket = try TCPSocket(isBlocking: true)
        var address = Self.address(port: port)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                connect(socket.descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw FaultProxyError("Nobody listens on port \(port)", errno: errno) }
        socket.stopBlocking()
        return socket
    }

    private init(isBlocking: Bool = false) throws(FaultProxyError) {
        #if os(Linux)
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw FaultProxyError("The system refused a socket", errno: errno) }
        prepare()
        if !isBlocking { stopBlocking() }
    }

    private init(accepted: Int32) {
        descriptor = accepted
        prepare()
        stopBlocking()
    }

    deinit {
        close(descriptor)
    }

    /// The next connection that waits, if any.
    func accept() -> TCPSocket? {
        let accepted = Foundation.accept(descriptor, nil, nil)
        return accepted < 0 ? nil : TCPSocket(accepted: accepted)
    }

    /// Reads what is there, at most so much.
    func receive(upTo limit: Int) -> Received {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = recv(descriptor, &bytes, limit, 0)
        if count > 0 { return .bytes(bytes[..<count]) }
        if count == 0 { return .end }
        return Self.isPassing(errno) ? .nothing : .failure
    }

    /// Writes what there is room for.
    ///
    /// - Returns: How many bytes; `nil` if the connection is broken.
    func send(_ bytes: ArraySlice<UInt8>) -> Int? {
        let count = bytes.withUnsafeBytes { buffer in
            #if os(Linux)
                Foundation.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            #else
                Foundation.send(descriptor, buffer.baseAddress, buffer.count, 0)
            #endif
        }
        if count >= 0 { return count }
        return Self.isPassing(errno) ? 0 : nil
    }

    /// Tells the peer that nothing more will come.
    func endSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Refuses whoever connects from now on.
    func endListening() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Makes the close at the end a reset.
    func resetAtEnd() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    private static func isPassing(_ code: Int32) -> Bool {
        code == EAGAIN || code == EWOULDBLOCK || code == EINTR
    }

    private static func address(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(clamping: port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private func prepare() {
        // No process that a test starts may keep the connection open.
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        #if !os(Linux)
            var on: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
        #endif
    }

    private func stopBlocking() {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }
}
