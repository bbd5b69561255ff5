import Foundation

/// The file to which all workers add what they handle: `WORKER KEY NUMBER`, in the order of handling.
struct HandledLog {
    let path: String
    private var offset: UInt64 = 0
    private var rest: Substring = ""

    /// The numbers of a key in the order in which they were handled for the first time.
    private(set) var firsts: [Substring: [Int]] = [:]
    private var seen: [Substring: Set<Int>] = [:]
    /// How many lines each worker has written.
    private(set) var lines: [Substring: Int] = [:]
    /// How many different messages were handled.
    private(set) var distinct = 0

    init(path: String) {
        self.path = path
    }

    /// Reads what has come since the last time.
    mutating func read() throws {
        guard let file = FileHandle(forReadingAtPath: path) else { return }
        defer { try? file.close() }
        try file.seek(toOffset: offset)
        let data = try file.readToEnd() ?? Data()
        offset += UInt64(data.count)
        let text = rest + String(decoding: data, as: UTF8.self)
        let end = text.lastIndex(of: "\n") ?? text.startIndex
        rest = end == text.startIndex ? text : text[text.index(after: end)...]
        for line in text[..<end].split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 3, let number = Int(words[2]) else { continue }
            lines[words[0], default: 0] += 1
            guard seen[words[1], default: []].insert(number).inserted else { continue }
            firsts[words[1], default: []].append(number)
            distinct += 1
        }
    }

    var count: Int { lines.values.reduce(0, +) }
}
