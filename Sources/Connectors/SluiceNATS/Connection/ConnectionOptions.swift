import CLibNATS
import Glibc
import SluiceSinks

/// libnats' options for a connection; freed with this object.
final class ConnectionOptions {
    let handle: OpaquePointer

    /// - Throws: `badURL` if a file is not what it should be.
    init(_ address: NATSAddress, timeout: Duration) throws(SinkError) {
        var options: OpaquePointer?
        guard natsOptions_Create(&options) == NATS_OK, let options else {
            throw SinkError(.unavailable, "There is no memory for a connection to \(address.name).")
        }
        handle = options
        natsOptions_SetName(options, "sluice")
        let servers = address.hosts.map { "nats://\($0)" }
        try check(Self.set(servers, in: options), "the servers", address)
        natsOptions_SetTimeout(options, timeout.wholeMilliseconds)
        natsOptions_SetMaxReconnect(options, -1)
        natsOptions_SetCustomReconnectDelay(options, Self.delay, nil)
        natsOptions_SetPingInterval(options, 20_000)
        natsOptions_SetFailRequestsOnDisconnect(options, true)
        switch address.login {
        case .user(let name, let password): natsOptions_SetUserInfo(options, name, password)
        case .token(let token): natsOptions_SetToken(options, token)
        case nil: break
        }
        if let file = address.credentials {
            // The library looks for it when it connects, and then says of each server that it cannot be reached.
            guard access(file, R_OK) == 0 else {
                let reason = String(cString: strerror(errno))
                throw SinkError(.badURL, "nats: credentials of \(address.name): \(file) cannot be read: \(reason).")
            }
            try check(natsOptions_SetUserCredentialsFromFiles(options, file, nil), "credentials", address)
        }
        guard address.isSecure else { return }
        try check(natsOptions_SetSecure(options, true), "TLS", address)
        if let file = address.certificateAuthority {
            try check(natsOptions_LoadCATrustedCertificates(options, file), "tls.ca", address)
        }
        if let certificate = address.certificate, let key = address.key {
            try check(natsOptions_LoadCertificatesChain(options, certificate, key), "tls.cert and tls.key", address)
        }
    }

    deinit {
        natsOptions_Destroy(handle)
    }

    /// How long the library waits after it has tried all servers: from 0.1 up to 10 seconds, by chance up to half less.
    private static let delay: natsCustomReconnectDelayHandler = { _, attempts, _ in
        let longest = min(10_000, Int64(100) << min(max(attempts - 1, 0), 7))
        return longest - Int64.random(in: 0...(longest / 2))
    }

    private static func set(_ servers: [String], in options: OpaquePointer) -> natsStatus {
        var pointers = servers.map { UnsafePointer<CChar>(strdup($0)) }
        defer { for pointer in pointers { free(UnsafeMutablePointer(mutating: pointer)) } }
        return natsOptions_SetServers(options, &pointers, Int32(pointers.count))
    }

    private func check(_ status: natsStatus, _ what: String, _ address: NATSAddress) throws(SinkError) {
        guard status != NATS_OK else { return }
        throw SinkError(.badURL, "nats: \(what) of \(address.name) cannot be used: \(NATSFailure.text(status)).")
    }
}

extension Duration {
    /// At least 1.
    var wholeMilliseconds: Int64 { max(1, Int64(self / .milliseconds(1))) }
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
