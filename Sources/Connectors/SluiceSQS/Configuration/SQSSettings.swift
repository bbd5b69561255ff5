import SluiceHTTP
import SluiceSinks

/// What a user wrote behind `sqs:`.
struct SQSSettings: Equatable {
    /// Which queue.
    let queue: QueueAddress
    /// The option `region`.
    let region: String?
    /// The option `max_bytes`: of one request.
    let maxBytes: Int?
    /// The option `concurrency`.
    let concurrency: Int
    /// The option `timeout`.
    let timeout: Duration

    /// Reads a sink's name.
    ///
    /// - Parameter text: Begins with `sqs:`.
    /// - Throws: `badURL`.
    init(_ text: String) throws(SinkError) {
        guard text.prefix(4).lowercased() == "sqs:" else {
            throw SinkError(.badURL, "The name of an SQS sink begins with sqs:.")
        }
        let parts = text.dropFirst(4).split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        queue = try QueueAddress(String(parts[0]))
        var options = try SinkOptions(parts.count == 2 ? parts[1] : "", sink: "sqs:")
        region = options.text("region")
        let bytes = try options.number("max_bytes", default: 0, in: 1024...16_777_216)
        maxBytes = bytes == 0 ? nil : bytes
        concurrency = try options.number("concurrency", default: 8, in: 1...1000)
        timeout = try options.seconds("timeout", default: 30, in: 1...300)
        try options.end(known: "region, max_bytes, concurrency and timeout")
    }
}

/// Where requests go, and for which region they are signed.
struct SQSEndpoint: Equatable {
    let server: ServerAddress
    let region: String

    /// Decides as the AWS command line does.
    ///
    /// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    ///
    /// - Parameters:
    ///   - queue: The queue.
    ///   - region: What the user says; `nil` if nothing.
    ///   - environment: The process's variables.
    ///   - files: The shared files.
    /// - Throws: `badURL` if no region is known or an endpoint is no URL.
    init(
        of queue: QueueAddress,
        region: String?,
        environment: [String: String],
        files: AWSFiles
    ) throws(SinkError) {
        let profile = try files.profile()
        func isSet(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
        guard
            let region = region ?? queue.region ?? isSet(environment["AWS_REGION"])
                ?? isSet(environment["AWS_DEFAULT_REGION"]) ?? isSet(profile?["region"])
        else {
            throw SinkError(
                .badURL,
                "\(queue.url) does not tell its region. Set AWS_REGION, or the option region (?region=NAME)."
            )
        }
        self.region = region
        let isIgnored =
            environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] ?? profile?["ignore_configured_endpoint_urls"]
        let configured = try files.endpointURL()
        guard isIgnored?.lowercased() != "true",
            let url = isSet(environment["AWS_ENDPOINT_URL_SQS"]) ?? isSet(environment["AWS_ENDPOINT_URL"])
                ?? isSet(configured)
        else {
            var server = queue.server
            server.path = "/"
            self.server = server
            return
        }
        guard let server = ServerAddress(url) else {
            throw SinkError(
                .badURL,
                "The endpoint that AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL or the profile gives is no URL."
            )
        }
        self.server = server
    }
}
