import SluiceSinks

/// The two files that the AWS tools share, seen through the profile that is in force.
struct AWSFiles: Equatable {
    /// `AWS_PROFILE`, or `default`.
    let profileName: String

    private let isChosen: Bool
    private let config: ProfileFile
    private let credentials: ProfileFile

    /// Reads the files; one that does not exist is empty.
    ///
    /// - Parameters:
    ///   - environment: The process's variables.
    ///   - readFile: Reads a small text file; `nil` if it cannot.
    /// - Throws: `corrupt` if a file cannot be understood.
    init(environment: [String: String], readFile: (String) -> String?) throws(SinkError) {
        let chosen = environment["AWS_PROFILE"].flatMap { $0.isEmpty ? nil : $0 }
        profileName = chosen ?? "default"
        isChosen = chosen != nil
        let home = environment["HOME"] ?? ""
        func read(_ variable: String, _ name: String) throws(SinkError) -> ProfileFile {
            var path = environment[variable].flatMap { $0.isEmpty ? nil : $0 } ?? "\(home)/.aws/\(name)"
            if path.hasPrefix("~/") { path = home + path.dropFirst(1) }
            guard let text = readFile(path) else { return ProfileFile() }
            return try ProfileFile(text, path: path)
        }
        config = try read("AWS_CONFIG_FILE", "config")
        credentials = try read("AWS_SHARED_CREDENTIALS_FILE", "credentials")
    }

    /// The profile's settings from both files, those of the credentials file first.
    ///
    /// - Returns: `nil` if nobody chose a profile, and there is none called `default`.
    /// - Throws: `notAuthorized` if the chosen profile does not exist.
    func profile() throws(SinkError) -> [String: String]? {
        let general =
            config.sections["profile \(profileName)"] ?? (profileName == "default" ? config.sections["default"] : nil)
        guard general != nil || credentials.sections[profileName] != nil else {
            guard isChosen else { return nil }
            throw SinkError(
                .notAuthorized,
                "AWS_PROFILE names the profile \(profileName), which neither the config nor the credentials file has."
            )
        }
        return (general ?? [:]).merging(credentials.sections[profileName] ?? [:]) { _, own in own }
    }

    /// The URL that the profile gives for SQS, or for all services.
    func endpointURL() throws(SinkError) -> String? {
        guard let profile = try profile() else { return nil }
        let services = profile["services"].flatMap { config.sections["services \($0)"] }
        return services?["sqs.endpoint_url"] ?? profile["endpoint_url"]
    }
}
