/** The reference library on PyTorch. `make` writes the folder's weights at random, `measure` times them; both say one line of JSON. */
export const program = `
import json, sys, time, torch, transformers
from transformers import GPT2Config, GPT2LMHeadModel
task, folder, spec = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
torch.set_num_threads(spec['threads'])
if task == 'make':
    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config.from_json_file(f'{folder}/config.json')).save_pretrained(folder)
    print('{}')
    sys.exit()
model = GPT2LMHeadModel.from_pretrained(folder).eval()
median = lambda xs: sorted(xs)[len(xs) // 2]
with torch.inference_mode():
    reads = []
    for row in spec['prompts']:
        began = time.perf_counter()
        model(torch.tensor([row]), use_cache=True, logits_to_keep=1)
        reads.append(time.perf_counter() - began)
    out = model(torch.tensor([spec['short']]), use_cache=True, logits_to_keep=1)
    tokens, times = [int(out.logits[0, -1].argmax())], []
    for _ in range(spec['decoded']):
        began = time.perf_counter()
        out = model(torch.tensor([tokens[-1:]]), past_key_values=out.past_key_values, use_cache=True)
        tokens.append(int(out.logits[0, -1].argmax()))
        times.append(time.perf_counter() - began)
print(json.dumps({'prefill': len(spec['prompts'][0]) / median(reads[1:]), 'decode': 1 / median(times[1:]), 'tokens': tokens[:8],
                  'setup': f'transformers {transformers.__version__}, PyTorch {torch.__version__}, {torch.get_num_threads()} threads'}))
`
