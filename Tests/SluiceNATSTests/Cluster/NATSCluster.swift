import ConnectorTesting
import NATSTesting

/// Three servers with JetStream that are one cluster, on ports of 127.0.0.1.
final class NATSCluster: Sendable {
    let servers: [NATSServer]

    init() throws {
        let ports = try ServerProcess.freePorts(6)
        let routes = ports[3...].map { "\"nats://127.0.0.1:\($0)\"" }.joined(separator: ", ")
        servers = try (0..<3).map { place in
            let cluster = "cluster { name: C, listen: \"127.0.0.1:\(ports[3 + place])\", routes: [\(routes)] }"
            return try NATSServer(more: cluster, name: "n\(place)", port: ports[place])
        }
    }

    var url: String { "nats://" + servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ",") }
}
