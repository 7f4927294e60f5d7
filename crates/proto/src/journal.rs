//! Journal reports (MS-XJRNL).
