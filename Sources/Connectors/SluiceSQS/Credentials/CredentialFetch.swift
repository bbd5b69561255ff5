import SluiceHTTP
import SluiceSinks

/// Asks a source for credentials.
struct CredentialFetch: Sendable {
    /// Short: these services are on the same machine or next to it.
    static let timeout = Duration.seconds(5)

    private let http: HTTPService

    init(http: HTTPService) {
        self.http = http
    }

    /// Fetches what a source has now.
    ///
    /// - Throws: ``SinkError``, mostly `notAuthorized`; `CancellationError`.
    func credentials(from source: CredentialSource) async throws -> AWSCredentials {
        switch source {
        case .known(let credentials): credentials
        case .process(let command): try await CredentialProcess.run(command)
        case .container(let url, let token): try await container(url, token: token)
        case .instance(let url): try await instance(url)
        }
    }

    private func container(_ url: String, token: String?) async throws -> AWSCredentials {
        let headers = [HTTPField("accept", "application/json")] + (token.map { [HTTPField("authorization", $0)] } ?? [])
        let document = try await ask("The container's credential service", HTTPRequest("GET", url, headers: headers))
        return try AWSCredentials(document: document, from: "The container's credential service")
    }

    /// The second version of the protocol, which gives a token first.
    ///
    /// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
    private func instance(_ url: String) async throws -> AWSCredentials {
        let giver = "The instance metadata service"
        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
        let life = HTTPField("x-aws-ec2-metadata-token-ttl-seconds", "21600")
        let token: [UInt8]
        do {
            token = try await ask(giver, HTTPRequest("PUT", "\(base)/latest/api/token", headers: [life]))
        } catch let error as SinkError {
            // Nobody answers where there is no instance: then there was no source at all.
            throw CredentialSource.none("\(error.message) ")
        }
        let headers = [HTTPField("x-aws-ec2-metadata-token", String(decoding: token, as: UTF8.self))]
        let folder = "\(base)/latest/meta-data/iam/security-credentials/"
        let roles = try await ask(
            "\(giver), asked for the instance's role,",
            HTTPRequest("GET", folder, headers: headers)
        )
        guard let role = String(decoding: roles, as: UTF8.self).split(whereSeparator: \.isWhitespace).first else {
            throw SinkError(.notAuthorized, "\(giver) knows no role: give the instance one.")
        }
        let document = try await ask(giver, HTTPRequest("GET", folder + role, headers: headers))
        return try AWSCredentials(document: document, from: giver)
    }

    private func ask(_ giver: String, _ request: HTTPRequest) async throws -> [UInt8] {
        do {
            let answer = try await http.send(request, limit: 65536)
            guard answer.status == 200 else {
                throw SinkError(.notAuthorized, "\(giver) answers with status \(answer.status).")
            }
            return answer.body
        } catch let failure as HTTPFailure {
            throw SinkError(.notAuthorized, "\(giver) does not answer: \(failure).", cause: failure)
        }
    }
}
