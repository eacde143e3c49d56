// SPDX-License-Identifier: MIT
// Which open file a descriptor names; its number alone says nothing.
#pragma once

namespace zc {

// Whether both descriptors came from one open(): the same number, or copies by dup() or a socket. A kernel or sandbox
// without kcmp() knows no two numbers that did.
bool sameOpenFile(int a, int b);

// Whether both name one file, opened once or twice. Not for dmabufs, whose exporters may give all of them one inode
// (CUDA does, as did Linux before 5.3).
bool sameInode(int a, int b);

} // namespace zc
