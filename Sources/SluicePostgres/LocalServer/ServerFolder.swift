internal import Glibc

/// The temporary folder of a throwaway server, owned by the account that runs it.
struct ServerFolder {
    let path: String

    /// Where the cluster is.
    var data: String { "\(path)/data" }

    /// Postgres refuses to run as root; then Debian's account for it runs the server.
    private let owner: (user: uid_t, group: gid_t)?

    init() throws(ReplicationError) {
        if getuid() == 0 {
            guard let account = getpwnam("postgres") else {
                throw ReplicationError(
                    .serverSetup,
                    "Postgres does not run as root, and there is no account \"postgres\" that could run it."
                        + " Run as another user."
                )
            }
            owner = (account.pointee.pw_uid, account.pointee.pw_gid)
        } else {
            owner = nil
        }
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/sluice-postgres-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ReplicationError(
                .serverSetup,
                "No temporary folder can be made in \(base): \(String(cString: strerror(errno))). Set TMPDIR."
            )
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        handOver(path)
    }

    /// Gives a file to the account that runs the server.
    func handOver(_ file: String) {
        if let owner { _ = chown(file, owner.user, owner.group) }
    }

    /// A command to be run as that account.
    func asOwner(_ command: [String]) -> [String] {
        owner == nil ? command : ["runuser", "-u", "postgres", "--"] + command
    }
}
