/** The reference library on eager PyTorch, with all parts of the pipeline loaded: `FOLDER SPEC`; one line of JSON. */
export const program = `
import json, resource, sys, time, torch, diffusers
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextModel
folder, spec = sys.argv[1], json.load(open(sys.argv[2]))
torch.set_num_threads(spec['threads'])
began = time.perf_counter()
text = CLIPTextModel.from_pretrained(f'{folder}/text_encoder').eval()
unet = UNet2DConditionModel.from_pretrained(folder, subfolder='unet').eval()
vae = AutoencoderKL.from_pretrained(folder, subfolder='vae').eval()
loaded = time.perf_counter() - began
seconds, samples = {}, {}
def measure(name, call):
    result, times = call(), []
    for _ in range(spec['calls'][name]):
        began = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - began)
    flat = result[-1].flatten()
    seconds[name] = sorted(times)[len(times) // 2]
    samples[name] = [float(flat[int(place * len(flat))]) for place in spec['places']]
    return result
latents = lambda name: torch.tensor(spec[name], dtype=torch.float32).reshape(1, 4, spec['cells'], spec['cells'])
with torch.inference_mode():
    states = measure('text', lambda: text(torch.tensor([spec['tokens']]), return_dict=False)[0])
    context, sample, time_step = torch.cat([states, states]), torch.cat([latents('noise')] * 2), torch.tensor([500, 500])
    measure('unet', lambda: unet(sample, time_step, encoder_hidden_states=context, return_dict=False)[0])
    measure('vae', lambda: vae.decode(latents('latents') / vae.config.scaling_factor, return_dict=False)[0])
print(json.dumps({**seconds, 'samples': samples, 'loaded': loaded, 'peak': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                  'setup': f'diffusers {diffusers.__version__}, PyTorch {torch.__version__}, {torch.get_num_threads()} threads'}))
`
