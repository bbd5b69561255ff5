/// One growing run of bytes that messages are written into.
///
/// It owns its memory itself: growing an array byte by byte costs a uniqueness and a bounds check for each piece, and a
/// message has some forty pieces.
struct ByteWriter: ~Copyable {
    /// How many bytes were written.
    private(set) var count = 0

    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int

    init(capacity: Int) {
        self.capacity = max(64, capacity)
        base = .allocate(capacity: self.capacity)
    }

    deinit {
        base.deallocate()
    }

    /// Where the next byte goes; valid until the next call that may grow.
    @inline(__always)
    var end: UnsafeMutablePointer<UInt8> { base + count }

    /// Makes room for some bytes behind the end.
    @inline(__always)
    mutating func reserve(_ size: Int) {
        if capacity &- count < size { grow(by: size) }
    }

    /// Takes bytes as written that were stored at ``end``, into room that was reserved.
    @inline(__always)
    mutating func advance(by size: Int) {
        assert(size <= capacity - count)
        count &+= size
    }

    @inline(never)
    private mutating func grow(by size: Int) {
        capacity = max(capacity * 2, count + size)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        reserve(1)
        base[count] = byte
        count &+= 1
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        let size = text.utf8CodeUnitCount
        reserve(size)
        end.update(from: text.utf8Start, count: size)
        count &+= size
    }

    @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        reserve(bytes.count)
        UnsafeMutableRawPointer(end).copyMemory(from: start, byteCount: bytes.count)
        count &+= bytes.count
    }

    @inline(__always)
    mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    @inline(__always)
    mutating func append(_ bytes: [UInt8], in range: Range<Int>) {
        bytes.withUnsafeBytes { append(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// Replaces a byte that was written.
    @inline(__always)
    mutating func replace(at offset: Int, with byte: UInt8) {
        assert(offset < count)
        base[offset] = byte
    }

    /// Forgets what was written at and behind an offset.
    @inline(__always)
    mutating func truncate(to offset: Int) {
        assert(offset <= count)
        count = offset
    }

    /// Forgets what was written before an offset and moves the rest to the front.
    mutating func removeFirst(_ offset: Int) {
        base.update(from: base + offset, count: count - offset)
        count -= offset
    }

    /// The bytes that were written.
    func bytes(in range: Range<Int>) -> [UInt8] {
        [UInt8](UnsafeBufferPointer(rebasing: UnsafeBufferPointer(start: base, count: count)[range]))
    }

    /// Changes bytes that were already written.
    @inline(__always)
    mutating func update(from offset: Int, _ change: (inout UInt8) -> Void) {
        for index in offset..<count { change(&base[index]) }
    }
}
