import re,glob,json,ipaddress,hashlib
forms=[]
for a in ('10.1.2.3','198.51.100.77','10.1.2.9','10.1.2.44','10.1.2.1'):
    i=ipaddress.ip_address(a);o=a.split('.')
    forms+= [ (a,re.compile(r'(?<!\d)'+s.join(map(re.escape,p))+r'(?!\d)',re.I)) for p in (o,o[::-1]) for s in (r'\.','-','_','%2e')]
    forms+=[(a,re.compile(r'(?<![0-9a-f])'+s.join('%02x'%x for x in p)+r'(?![0-9a-f])',re.I)) for p in (i.packed,i.packed[::-1]) for s in ('',':')]
    forms+=[(a,re.compile(str(int(i)))),(a,re.compile('%x:%x'%(int(i)>>16,int(i)&0xffff)))]
    for h in (hashlib.sha1,): forms.append((a,re.compile(h(a.encode()).hexdigest()[:20])))
for s in ('db8.{0,3}20.{1,3}48','0020.{0,3}0048','8.4.0.0.0.2.0.0','20010db80020',str(int(ipaddress.ip_address('2001:db8:20:48::2')))): forms.append(('v6',re.compile(s,re.I)))
for f in sorted(glob.glob('ev.*')+glob.glob('out.*')+glob.glob('err.*')):
    if 'address' in f: continue
    hits={}
    for l in open(f):
        for n,r in forms:
            if 'subnet' in f and n=='v6': continue
            m=r.search(l)
            if m:
                w=l
                if l[0]=='{' and 'ev.' in f:
                    j=json.loads(l); fl=[k for k,v in list(j.items())+list(j['mining'].items()) if isinstance(v,str) and r.search(v)] if 'mining' in j else [l]
                    w=str([(k,(j.get(k) or j['mining'].get(k))[:120]) for k in fl])
                hits.setdefault((n,r.pattern,w[:200]),0)
    print('==',f,len(hits))
    for h in list(hits)[:25]: print('   ',h)
