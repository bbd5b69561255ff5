/// What stands before a message in a spool's file: its length and its (sub)transaction's id, in this machine's order.
struct SpoolRecord {
    static let headerSize = 2 * MemoryLayout<UInt32>.size

    var length: Int
    var xid: UInt32

    init(length: Int, xid: UInt32) {
        self.length = length
        self.xid = xid
    }

    /// Reads a header.
    ///
    /// - Parameter bytes: At least ``headerSize``.
    init(reading bytes: UnsafeRawBufferPointer) {
        length = Int(bytes.loadUnaligned(as: UInt32.self))
        xid = bytes.loadUnaligned(fromByteOffset: MemoryLayout<UInt32>.size, as: UInt32.self)
    }

    func write(to bytes: UnsafeMutableRawBufferPointer) {
        bytes.storeBytes(of: UInt32(truncatingIfNeeded: length), as: UInt32.self)
        bytes.storeBytes(of: xid, toByteOffset: MemoryLayout<UInt32>.size, as: UInt32.self)
    }
}
