import Foundation

/// The JSON lines on a command's standard error.
extension SluiceProcess {
    /// All lines that are whole, as objects.
    func objects() throws -> [[String: Any]] {
        var lines = error.text.split(separator: "\n", omittingEmptySubsequences: false)
        lines.removeLast()
        return try lines.map { line in
            guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
                throw TestFailure("not an object: \(line)")
            }
            return object
        }
    }

    /// The lines that tell progress, without those that tell something else.
    func progress() throws -> [[String: Any]] {
        try objects().filter { $0["changes"] != nil }
    }

    /// What it told besides progress.
    func notices() throws -> String {
        try objects().compactMap { ($0["notice"] ?? $0["error"]) as? String }.joined(separator: "\n")
    }

    /// The number at a key of the last line of progress.
    func last(_ key: String) throws -> Int? {
        try progress().last?[key] as? Int
    }

    /// Waits for a line of progress that is as wished.
    func waitForProgress(_ what: String, _ isWished: ([String: Any]) -> Bool) throws {
        var attempts = 60
        var seen = try progress().count
        while true {
            guard attempts > 0, !error.isAtEnd, pump(milliseconds: Self.patience) else {
                throw TestFailure("waited in vain for \(what): \(error.text.suffix(2000))")
            }
            let lines = try progress()
            attempts -= lines.count - seen
            if lines[seen...].contains(where: isWished) { return }
            seen = lines.count
        }
    }
}
