import SluiceHTTP
import SluiceSinks

/// Where credentials come from, in the order in which the AWS command line looks.
///
/// https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-authentication.html#cli-chap-authentication-precedence
enum CredentialSource: Equatable {
    /// They are known.
    case known(AWSCredentials)
    /// A program writes them.
    case process(command: String)
    /// A URL of the container's host answers them.
    case container(url: String, token: String?)
    /// The metadata service of the virtual machine answers them.
    case instance(url: String)

    /// Decides which one it is.
    ///
    /// - Parameters:
    ///   - environment: The process's variables.
    ///   - files: The shared files, read afresh: what is in them may have been replaced.
    ///   - readFile: Reads a small text file; `nil` if it cannot.
    /// - Returns: The first one that there is.
    /// - Throws: `notAuthorized` if there is none, or if what there is contradicts itself; `unsupported` if it is of a
    ///   kind that Sluice cannot use.
    static func choose(
        environment: [String: String],
        files: AWSFiles,
        readFile: (String) -> String?
    ) throws(SinkError) -> CredentialSource {
        if let found = try environmentKeys(environment) { return .known(found) }
        if environment["AWS_WEB_IDENTITY_TOKEN_FILE"] != nil {
            throw unsupported("AWS_WEB_IDENTITY_TOKEN_FILE names a web identity")
        }
        if let found = try profile(files) { return found }
        if let found = try container(environment, readFile: readFile) { return found }
        return try instance(environment)
    }

    private static func environmentKeys(_ environment: [String: String]) throws(SinkError) -> AWSCredentials? {
        guard let id = environment["AWS_ACCESS_KEY_ID"], !id.isEmpty else { return nil }
        guard let secret = environment["AWS_SECRET_ACCESS_KEY"], !secret.isEmpty else {
            throw SinkError(.notAuthorized, "AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not. Set both.")
        }
        let token = environment["AWS_SESSION_TOKEN"] ?? environment["AWS_SECURITY_TOKEN"]
        return AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token)
    }

    private static func profile(_ files: AWSFiles) throws(SinkError) -> CredentialSource? {
        guard let profile = try files.profile() else { return nil }
        for (setting, what) in [
            ("role_arn", "assumes a role"), ("web_identity_token_file", "names a web identity"),
            ("sso_session", "uses single sign-on"), ("sso_start_url", "uses single sign-on"),
            ("login_session", "uses a login session"),
        ] where profile[setting] != nil {
            throw unsupported("The profile \(files.profileName) \(what)")
        }
        if let id = profile["aws_access_key_id"], !id.isEmpty {
            guard let secret = profile["aws_secret_access_key"], !secret.isEmpty else {
                throw SinkError(.notAuthorized, "The profile \(files.profileName) has no aws_secret_access_key.")
            }
            let token = profile["aws_session_token"]
            return .known(AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token))
        }
        return profile["credential_process"].map { .process(command: $0) }
    }

    private static func container(
        _ environment: [String: String],
        readFile: (String) -> String?
    ) throws(SinkError) -> CredentialSource? {
        let url: String
        if let path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"], !path.isEmpty {
            url = "http://169.254.170.2\(path)"
        } else if let full = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"], !full.isEmpty {
            url = full
        } else {
            return nil
        }
        guard let address = ServerAddress(url), address.isSecure || mayAnswerInTheClear(address.host) else {
            throw SinkError(
                .notAuthorized,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI has to be https:, or http: at this machine, 169.254.170.2, "
                    + "169.254.170.23 or [fd00:ec2::23]."
            )
        }
        var token = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        // The file goes first, and is read again each time, since whoever wrote it replaces it.
        if let path = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"], !path.isEmpty {
            guard let text = readFile(path) else {
                throw SinkError(
                    .notAuthorized,
                    "\(path), named by AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, is unreadable."
                )
            }
            token = text
        }
        guard token?.utf8.allSatisfy({ $0 >= 0x20 }) ?? true else {
            throw SinkError(.notAuthorized, "The container's authorization token is more than one line.")
        }
        return .container(url: url, token: token)
    }

    private static func mayAnswerInTheClear(_ host: String) -> Bool {
        host.hasPrefix("127.")
            || ["localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"].contains(host)
    }

    private static func instance(_ environment: [String: String]) throws(SinkError) -> CredentialSource {
        if environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() == "true" { throw none("") }
        if let url = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"], !url.isEmpty { return .instance(url: url) }
        let isSix = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"]?.lowercased() == "ipv6"
        return .instance(url: isSix ? "http://[fd00:ec2::254]" : "http://169.254.169.254")
    }

    /// There are no credentials anywhere; `last` is a sentence about the last place, with a space behind it, or nothing.
    static func none(_ last: String) -> SinkError {
        SinkError(
            .notAuthorized,
            "There are no AWS credentials. \(last)Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run "
                + "where a container or an instance has a role."
        )
    }

    private static func unsupported(_ what: String) -> SinkError {
        SinkError(
            .unsupported,
            "\(what), which Sluice cannot do itself. Let the AWS command line do it: give a profile the line "
                + "credential_process = aws configure export-credentials --profile NAME, and name it in AWS_PROFILE."
        )
    }
}
