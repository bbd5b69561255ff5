/// What the state file remembers of a file beside the cursor: which file it was, and how long.
struct FileMark: Hashable, Sendable {
    /// The device that the file is on.
    var device: UInt64

    /// The file's number on the device, which a rename keeps and a copy does not.
    var inode: UInt64

    /// How many bytes were durable.
    var length: UInt64

    init(device: UInt64, inode: UInt64, length: UInt64) {
        self.device = device
        self.inode = inode
        self.length = length
    }

    init(_ status: OpenFile.Status) {
        self.init(device: status.device, inode: status.inode, length: status.length)
    }

    /// Reads the form that ``text`` writes.
    init?(_ text: String) {
        var values: [UInt64] = []
        for (name, part) in zip(["device", "inode", "length"], text.split(separator: " ")) {
            let pair = part.split(separator: "=", omittingEmptySubsequences: false)
            guard pair.count == 2, pair[0] == name, let value = UInt64(pair[1]) else { return nil }
            values.append(value)
        }
        guard values.count == 3, text.split(separator: " ").count == 3 else { return nil }
        self.init(device: values[0], inode: values[1], length: values[2])
    }

    /// The form that is stored, for example `device=2049 inode=1234 length=567`.
    var text: String {
        "device=\(device) inode=\(inode) length=\(length)"
    }
}
