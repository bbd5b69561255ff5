import FoundationEssentials

/// What requests are signed with.
///
/// Neither its description nor its mirror shows a secret, so that no log and no test failure can.
struct AWSCredentials: Hashable, Sendable {
    /// What names the key; no secret, but nobody else's business.
    var accessKeyID: String
    /// What signs.
    var secretAccessKey: String
    /// What goes with temporary keys.
    var sessionToken: String?
    /// When they end; `nil` if nobody says.
    var expiration: Date?

    init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiration: Date? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiration = expiration
    }

    /// The key's name with only its ends, enough to tell which one of several it is.
    var maskedKeyID: String {
        accessKeyID.count < 12 ? "****" : "\(accessKeyID.prefix(4))****\(accessKeyID.suffix(4))"
    }
}

extension AWSCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "key \(maskedKeyID)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}
