/// What libFuzzer calls with every input.
///
/// The first byte says what the rest is: even, frames of a replication session; odd, the text of one value.
///
/// - Parameters:
///   - start: The input; not kept.
///   - count: Its size.
/// - Returns: 0, always: every input is worth keeping if it finds a new way through the code.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
    guard let kind = input.first else { return 0 }
    let rest = UnsafeRawBufferPointer(rebasing: input.dropFirst())
    if kind % 2 == 0 { fuzzSession(rest) } else { fuzzValue(rest) }
    return 0
}

/// Ends the process, which libFuzzer reports with the input, unless something that must hold does.
func require(_ isTrue: Bool, _ what: @autoclosure () -> String, line: UInt = #line) {
    if !isTrue { fatalError(what(), line: line) }
}
