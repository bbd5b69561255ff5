import Glibc

/// The process's resident memory in bytes, as the kernel counts it; 0 if it does not tell.
func residentMemory() -> Int {
    kilobytes(of: "VmRSS:") << 10
}

/// The most that the process's resident memory has been, in bytes.
func peakResidentMemory() -> Int {
    kilobytes(of: "VmHWM:") << 10
}

private func kilobytes(of field: String) -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        if text.hasPrefix(field) {
            return Int(text.dropFirst(field.count).filter(\.isNumber)) ?? 0
        }
    }
    return 0
}
