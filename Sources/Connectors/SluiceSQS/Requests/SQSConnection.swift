import FoundationEssentials
import SluiceHTTP
import SluiceSinks

/// A client, and the connections that it has.
struct SQSConnection: Sendable {
    let client: SQSClient
    private let services: [HTTPService]

    /// Reads where the queue is; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - queue: The queue.
    ///   - region: What the user says; `nil` if nothing.
    ///   - use: What is done with it.
    ///   - connections: How many there may be at the same time.
    ///   - timeout: How long an answer may take.
    ///   - environment: The process's variables.
    /// - Throws: ``SinkError`` if the shared files cannot be understood, or no region is known.
    init(
        to queue: QueueAddress,
        region: String?,
        for use: QueueUse,
        connections: Int,
        timeout: Duration,
        environment: [String: String]
    ) throws(SinkError) {
        let files = try AWSFiles(environment: environment, readFile: readSmallFile)
        let endpoint = try SQSEndpoint(of: queue, region: region, environment: environment, files: files)
        let http = HTTPService(connections: connections, timeout: timeout)
        let giver = HTTPService(connections: connections, timeout: CredentialFetch.timeout)
        let store = CredentialStore(now: { Date() }) {
            let files = try AWSFiles(environment: environment, readFile: readSmallFile)
            let source = try CredentialSource.choose(environment: environment, files: files, readFile: readSmallFile)
            return try await CredentialFetch(http: giver).credentials(from: source)
        }
        client = SQSClient(
            endpoint: endpoint,
            queue: queue,
            use: use,
            http: http,
            credentials: store,
            now: { Date() }
        )
        services = [http, giver]
    }

    /// Closes the connections; requests under way fail.
    func close() async {
        for service in services { await service.close() }
    }
}

private func readSmallFile(_ path: String) -> String? {
    (try? Data(contentsOf: URL(filePath: path))).flatMap { String(data: $0, encoding: .utf8) }
}
