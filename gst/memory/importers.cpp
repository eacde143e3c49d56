// SPDX-License-Identifier: MIT
// The only list of importers. A buffer goes to the first that accepts it.
#include "cuda_memory.hpp"
#include "dmabuf.hpp"
#include "gl_memory.hpp"
#include "nvmm.hpp"
#include "system.hpp"

namespace zc::gst {

std::vector<std::unique_ptr<Importer>> makeImporters(const ImportSite &site)
{
    std::vector<std::unique_ptr<Importer>> importers;
    importers.push_back(makeNvmmImporter(site));
    if (auto cuda = makeCudaMemoryImporter(site); cuda)
        importers.push_back(std::move(cuda));
    if (auto gl = makeGlMemoryImporter(site); gl)
        importers.push_back(std::move(gl));
    importers.push_back(makeDmabufImporter(site));
    importers.push_back(makeSystemImporter(site));
    return importers;
}

} // namespace zc::gst
