import FoundationEssentials
import SluiceSinks

/// The JSON in which programs, containers and instances hand out credentials.
///
/// They differ in the name of the token. Formats:
/// https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html,
/// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html and
/// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
private struct CredentialDocument: Decodable {
    var version: Int?
    var code: String?
    var accessKeyID: String?
    var secretAccessKey: String?
    var token: String?
    var sessionToken: String?
    var expiration: String?

    enum CodingKeys: String, CodingKey {
        case version = "Version"
        case code = "Code"
        case accessKeyID = "AccessKeyId"
        case secretAccessKey = "SecretAccessKey"
        case token = "Token"
        case sessionToken = "SessionToken"
        case expiration = "Expiration"
    }
}

extension AWSCredentials {
    /// Reads credentials that somebody hands out.
    ///
    /// - Parameters:
    ///   - document: JSON.
    ///   - giver: Who that is, for messages.
    ///   - isProcess: Whether it is a program, which has to say that it writes version 1.
    /// - Throws: `notAuthorized` if it is not what it should be; the message does not repeat it.
    init(document: [UInt8], from giver: String, isProcess: Bool = false) throws(SinkError) {
        guard let found = try? JSONDecoder().decode(CredentialDocument.self, from: Data(document)) else {
            throw SinkError(.notAuthorized, "\(giver) answers something that is not credentials in JSON.")
        }
        if let code = found.code, code != "Success" {
            throw SinkError(.notAuthorized, "\(giver) gives no credentials: \(code.prefix(80)).")
        }
        if isProcess, found.version != 1 {
            throw SinkError(.notAuthorized, "\(giver) writes credentials that are not of version 1.")
        }
        guard let id = found.accessKeyID, let secret = found.secretAccessKey else {
            throw SinkError(.notAuthorized, "\(giver) answers without AccessKeyId or SecretAccessKey.")
        }
        var end: Date?
        if let expiration = found.expiration {
            end = Self.date(expiration)
            if end == nil {
                throw SinkError(.notAuthorized, "\(giver) gives an Expiration that is no time of ISO 8601.")
            }
        }
        self.init(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: found.token ?? found.sessionToken,
            expiration: end
        )
    }

    private static func date(_ text: String) -> Date? {
        let style = Date.ISO8601FormatStyle()
        return (try? style.parse(text))
            ?? (try? style.year().month().day().time(includingFractionalSeconds: true)
                .timeZone(separator: .omitted).parse(text))
    }
}
