internal import Glibc

/// Where a Postgres server's programs are installed.
enum ServerPrograms {
    /// The folder with `initdb` and `pg_ctl`, of the newest version.
    ///
    /// - Throws: `serverSetup`, with how to install one.
    static func folder() throws(ReplicationError) -> String {
        let base = "/usr/lib/postgresql"
        let candidates = entries(of: base)
            .compactMap { name in Double(name).map { ($0, "\(base)/\(name)/bin") } }
            .sorted { $0.0 > $1.0 }
            .map(\.1)
        for folder in candidates + pathFolders() where isComplete(folder) { return folder }
        throw ReplicationError(
            .serverSetup,
            "No Postgres server is installed here. Install one: apt-get install postgresql-15, or make setup."
        )
    }

    private static func isComplete(_ folder: String) -> Bool {
        ["initdb", "pg_ctl", "postgres"].allSatisfy { access("\(folder)/\($0)", X_OK) == 0 }
    }

    /// The folders of PATH: what `pg_config --bindir` would answer is one of them wherever it is not Debian's.
    private static func pathFolders() -> [String] {
        guard let path = getenv("PATH") else { return [] }
        return String(cString: path).split(separator: ":").map(String.init)
    }

    private static func entries(of folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
            )
        }
        return names
    }
}
