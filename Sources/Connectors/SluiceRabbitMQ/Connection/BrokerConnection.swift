import CLibRabbitMQ
import Glibc
import SluicePostgres
import SluiceSinks

/// How to reach a broker.
struct ConnectionSettings: Sendable {
    var address: BrokerAddress
    /// How often each side lets the other hear that it is there, in seconds; at least 1.
    var heartbeat: Int
    /// How long connecting, and an answer, may take.
    var timeout: Duration
    /// The certificates that a broker with TLS is trusted by; `nil`: the system's.
    var caFile: String?
    /// What the broker calls the connection.
    var connectionName: String
}

/// A connection to a broker with its one channel.
///
/// All calls block, and come from one thread.
///
/// Every failure of it is the end of both: whoever has it drops it, and makes another.
final class BrokerConnection {
    private let state: amqp_connection_state_t
    private let broker: String
    private let heartbeat: Int
    private let channel: amqp_channel_t = 1

    /// Connects, and opens the channel.
    ///
    /// - Throws: `unavailable` if the broker cannot be reached; `notAuthorized`; `missing` without the virtual host.
    init(_ settings: ConnectionSettings) throws(SinkError) {
        let address = settings.address
        broker = "The broker at \(address.name)"
        heartbeat = settings.heartbeat
        guard let state = amqp_new_connection() else {
            throw SinkError(.unavailable, "There is no memory for a connection to \(address.name).")
        }
        self.state = state
        var timeout = timeval(settings.timeout)
        amqp_set_handshake_timeout(state, &timeout)
        amqp_set_rpc_timeout(state, &timeout)
        let socket = try Self.socket(state, settings)
        try check(amqp_socket_open_noblock(socket, address.host, Int32(address.port), &timeout))
        try CallMemory.with { memory throws(SinkError) in
            var properties = memory.table([
                "connection_name": .text(settings.connectionName),
                // Else nobody hears that a queue is gone, or that the broker wants nothing now.
                "capabilities": .table(["consumer_cancel_notify": true, "connection.blocked": true]),
            ])
            try check(
                sluice_amqp_login(
                    state,
                    address.virtualHost,
                    Int32(settings.heartbeat),
                    &properties,
                    address.user,
                    address.password
                )
            )
        }
        try call { amqp_channel_open(state, channel) != nil }
    }

    deinit {
        amqp_destroy_connection(state)
    }

    private static func socket(
        _ state: amqp_connection_state_t,
        _ settings: ConnectionSettings
    ) throws(SinkError) -> OpaquePointer? {
        guard settings.address.isSecure else { return amqp_tcp_socket_new(state) }
        let socket = amqp_ssl_socket_new(state)
        amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST)
        amqp_ssl_socket_set_verify_peer(socket, 1)
        amqp_ssl_socket_set_verify_hostname(socket, 1)
        let file = settings.caFile ?? "/etc/ssl/certs/ca-certificates.crt"
        guard amqp_ssl_socket_set_cacert(socket, file) == AMQP_STATUS_OK.rawValue else {
            throw SinkError(.badOption, "The certificates in \(file) cannot be read. Name a file in the form PEM.")
        }
        return socket
    }

    // MARK: - Waiting and reading

    /// Blocks until the broker has sent something or there is a signal, but no longer than heartbeats allow.
    ///
    /// - Parameters:
    ///   - wakeUp: Gives the signal.
    ///   - milliseconds: How long at most; `nil`: as long as heartbeats allow.
    func wait(or wakeUp: WakeUp, milliseconds: Int64? = nil) {
        var entries = [
            pollfd(fd: amqp_get_sockfd(state), events: Int16(POLLIN), revents: 0),
            pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        poll(&entries, 2, Int32(min(milliseconds ?? .max, Int64(heartbeat) * 500)))
    }

    /// Reads a frame that is there, and sends a heartbeat if it is time; `nil` if no frame is complete.
    ///
    /// - Throws: `unavailable`: the connection is lost.
    func read() throws(SinkError) -> BrokerFrame? {
        var frame = amqp_frame_t()
        var none = timeval()
        let status = amqp_simple_wait_frame_noblock(state, &frame, &none)
        if status == AMQP_STATUS_TIMEOUT.rawValue { return nil }
        try check(status)
        defer { amqp_maybe_release_buffers(state) }
        return BrokerFrame(frame)
    }

    // MARK: - Asking and sending

    /// Asks the broker for something, and waits for its answer.
    ///
    /// - Throws: What its refusal means.
    func ask(_ request: (amqp_connection_state_t, amqp_channel_t, CallMemory) -> Bool) throws(SinkError) {
        try CallMemory.with { memory throws(SinkError) in
            try call { request(state, channel, memory) }
        }
    }

    /// Sends something that is not answered.
    ///
    /// - Parameter request: Returns a status of the library.
    /// - Throws: `unavailable`: the connection is lost.
    func send(_ request: (amqp_connection_state_t, amqp_channel_t) -> Int32) throws(SinkError) {
        try check(request(state, channel))
    }

    /// Says goodbye, so that the broker does not wonder.
    func close() {
        _ = amqp_connection_close(state, AMQP_REPLY_SUCCESS)
    }

    private func call(_ request: () -> Bool) throws(SinkError) {
        if request() { return }
        try check(amqp_get_rpc_reply(state))
    }

    private func check(_ reply: amqp_rpc_reply_t) throws(SinkError) {
        switch reply.reply_type {
        case AMQP_RESPONSE_NORMAL: return
        case AMQP_RESPONSE_SERVER_EXCEPTION:
            if let refusal = BrokerRefusal(reply.reply) { throw refusal.error(from: broker) }
            throw SinkError(.unavailable, "\(broker) gives an answer that was not asked for.")
        case AMQP_RESPONSE_LIBRARY_EXCEPTION: try check(reply.library_error)
        default: try check(AMQP_STATUS_CONNECTION_CLOSED.rawValue)
        }
    }

    private func check(_ status: Int32) throws(SinkError) {
        guard status != AMQP_STATUS_OK.rawValue else { return }
        let text = amqp_error_string2(status).map { String(cString: $0) } ?? "failure \(status)"
        let advice =
            status <= AMQP_STATUS_SSL_ERROR.rawValue
            ? " Check that it speaks TLS there, that its certificate names this host, and who has signed it." : ""
        throw SinkError(.unavailable, "\(broker) cannot be reached: \(text).\(advice)")
    }
}

extension timeval {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    }
}
